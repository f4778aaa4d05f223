import { expect, test } from "vitest";
import { aTenant } from "./testing.ts";
import { welcomeMail } from "./welcome-mail.ts";

test("goes to the owner and says what was set up", () => {
  const mail = welcomeMail(aTenant());
  expect(mail).toMatchObject({ to: "owner@acme.example", subject: "Acme Corp is ready" });
  for (const fact of ["Acme Corp", "premium", "us-east-1", "analytics, api-access", "ten_01JD00000000000000000000AA"]) {
    expect(mail.text).toContain(fact);
    expect(mail.html).toContain(fact);
  }
});

test("a tenant's name is text, never markup or a header", () => {
  const mail = welcomeMail(aTenant({ name: `<img src=x onerror="alert('1')">&\r\nBcc: everyone@example.com` }));
  expect(mail.html).not.toContain("<img");
  expect(mail.html).toContain(
    "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp; Bcc: everyone@example.com",
  );
  expect(mail.subject).not.toMatch(/[\r\n]/);
});

test("stands as reviewed", async () => {
  const { text, html } = welcomeMail(aTenant());
  await expect(html).toMatchFileSnapshot("./__snapshots__/welcome-mail.html");
  await expect(text).toMatchFileSnapshot("./__snapshots__/welcome-mail.txt");
});
