import type { Pool, User } from "./model.ts";
import type { Cognito } from "./state.ts";

const SUBJECT = "Your temporary password";
const MESSAGE = "Your username is {username} and temporary password is {####}.";
const SENDER = "no-reply@verificationemail.com";

const escapeHtml = (value: string): string => value.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

const fill = (template: string, username: string, password: string): string =>
  template.replaceAll("{username}", () => username).replaceAll("{####}", () => password);

/** Sends the pool's invitation with a temporary password, as HTML and as text. Without an address nothing is sent. */
export const sendInvitation = async (cognito: Cognito, pool: Pool, user: User, password: string): Promise<void> => {
  const to = user.attributes["email"];
  if (to === undefined) return;
  const template = pool.settings.AdminCreateUserConfig?.InviteMessageTemplate;
  const message = template?.EmailMessage ?? MESSAGE;
  // Where addresses are the user names, the invited know themselves by their address, not by their `sub`.
  const username = (pool.settings.UsernameAttributes ?? []).includes("email") ? to : user.username;
  const plain = message.replace(/<br\s*\/?>|<\/p>/gi, "\n").replace(/<[^>]*>/g, "");
  await cognito.mailbox.deliver({
    from: pool.settings.EmailConfiguration?.From ?? SENDER,
    to: [to],
    subject: fill(template?.EmailSubject ?? SUBJECT, username, password),
    text: fill(plain, username, password),
    html: fill(message, escapeHtml(username), escapeHtml(password)),
  });
};
