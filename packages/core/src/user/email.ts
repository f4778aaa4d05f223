import { Problem } from "../problem.ts";

const lawful =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])$/;

/**
 * An address as users are known by it: lower case, and of ASCII alone, as letters of other scripts can be made to look
 * like it. Domains in other scripts are written as they are in DNS, `xn--…`.
 *
 * @throws Problem `email-refused`
 */
export const parseEmail = (text: string): string => {
  const email = text.toLowerCase();
  const fault = /[^\x21-\x7e]/.test(text)
    ? "must be of ASCII letters, digits and signs: others may look like them"
    : !lawful.test(email) || email.length > 254 || email.indexOf("@") > 64
      ? "must be an e-mail address"
      : null;
  if (fault === null) return email;
  throw new Problem("email-refused", `The address ${fault}.`, { errors: [{ pointer: "/email", detail: fault }] });
};
