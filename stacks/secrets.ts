/** Signs the cursors of list pages. Made once, read by the functions that list. */
const key = new random.RandomPassword("CursorKey", { length: 43, special: false });

export const cursorSecret = new aws.secretsmanager.Secret("CursorSecret", { recoveryWindowInDays: 0 });

new aws.secretsmanager.SecretVersion("CursorSecretVersion", { secretId: cursorSecret.id, secretString: key.result });
