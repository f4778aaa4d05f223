/** A reason not to start that a person can act on; the message is one line. */
export class StartError extends Error {}
