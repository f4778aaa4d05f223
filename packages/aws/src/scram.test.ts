import { expect, test } from "vitest";
import { scramVerifier } from "./scram.ts";

// The salt and password of RFC 7677's example exchange; the keys are those that its proofs follow from.
test("gives what PostgreSQL would store", () => {
  expect(scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"))).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
});

test("salts each one anew", () => {
  expect(scramVerifier("pencil")).not.toBe(scramVerifier("pencil"));
});
