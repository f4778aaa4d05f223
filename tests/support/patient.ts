import { vi } from "vitest";

// Vitest gives up after a second, and has no setting for it.
const { waitFor } = vi;
vi.waitFor = (callback, options = 60_000) => waitFor(callback, options);
