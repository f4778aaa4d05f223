declare module "asl-validator" {
  /** Checks a definition against the Amazon States Language; writes defaults into it. */
  const validate: (
    definition: unknown,
    options?: { checkPaths?: boolean; checkArn?: boolean },
  ) => { isValid: boolean; errorsText: (separator?: string) => string };
  export default validate;
}
