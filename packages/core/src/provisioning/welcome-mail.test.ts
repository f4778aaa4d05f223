import { describe, expect, test } from "vitest";
import { aTenant } from "./testing.ts";
import { welcomeMail } from "./welcome-mail.ts";
import { welcomeTemplate } from "./welcome-template.ts";

/** As SES does it: names in braces are replaced, once, and nothing is escaped. */
const rendered = (tenant = aTenant()) => {
  const { values } = welcomeMail(tenant);
  const fill = (source: string) =>
    source.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`The mail has no value ${name}.`);
      return value;
    });
  return { subject: fill(welcomeTemplate.subject), text: fill(welcomeTemplate.text), html: fill(welcomeTemplate.html) };
};

test("goes to the owner and says what was set up, in HTML and in text", () => {
  expect(welcomeMail(aTenant()).to).toBe("owner@acme.example");
  const { subject, text, html } = rendered();
  expect(subject).toBe("Acme Corp is ready");
  for (const fact of ["Acme Corp", "Premium", "us-east-1", "Analytics, API access", "ten_01JD00000000000000000000AA"]) {
    expect(text).toContain(fact);
    expect(html).toContain(fact);
  }
});

describe("a tenant's name is text", () => {
  const { subject, text, html } = rendered(
    aTenant({ name: `<img src=x onerror="alert('1')">&{{tier}}\r\nBcc: everyone@example.com` }),
  );

  test("never markup", () => {
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;{{tier}} Bcc:");
  });

  test("never a header, and as it is in the subject and the text", () => {
    expect(subject).toBe(`<img src=x onerror="alert('1')">&{{tier}} Bcc: everyone@example.com is ready`);
    expect(text).toContain(`<img src=x onerror="alert('1')">`);
  });
});

test("the HTML takes escaped values only, the text plain ones only", () => {
  const names = (source: string) => [...source.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = ""]) => name);
  expect(names(welcomeTemplate.html).length).toBeGreaterThan(5);
  expect(names(welcomeTemplate.html).filter((name) => !name.endsWith("_html"))).toEqual([]);
  expect(names(welcomeTemplate.text).filter((name) => name.endsWith("_html"))).toEqual([]);
});

test("the HTML can be read by everybody", () => {
  const { html } = rendered();
  expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(html).toContain("<title>Acme Corp is ready</title>");
  expect(html.match(/<h1\b/g)).toHaveLength(1);
  expect(html.match(/<th scope="row"/g)).toHaveLength(5);
  // Tables for the layout say so; the one of facts is a table.
  expect(html.match(/<table(?! role="presentation")/g)).toHaveLength(1);
  expect(html).not.toMatch(/<(?:script|img|link|iframe)\b|https?:\/\//);
});

test("stands as reviewed", async () => {
  const { text, html } = rendered();
  await expect(html).toMatchFileSnapshot("./__snapshots__/welcome-mail.html");
  await expect(text).toMatchFileSnapshot("./__snapshots__/welcome-mail.txt");
});
