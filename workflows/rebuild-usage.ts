/**
 * Rebuilds a tenant's usage from the archive and compares it with what is kept. Input: `{tenant_id, from, to}` in whole
 * hours, and `full` to read every hour in which events could have arrived. The function does as much as its time limit
 * allows and says where to go on. The execution succeeds when all is equal, and fails as `UsageDiffers` otherwise;
 * its input to the last state says how much, and where the reports are.
 */
export const rebuildUsage = <Arn>(functionArn: Arn) =>
  ({
    Comment: "Rebuilds usage from the archive and compares it with what is kept.",
    StartAt: "Rebuild",
    TimeoutSeconds: 86_400,
    States: {
      Rebuild: {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Parameters: {
          FunctionName: functionArn,
          Payload: { "job.$": "$", "run.$": "$$.Execution.Name" },
        },
        OutputPath: "$.Payload",
        TimeoutSeconds: 900,
        // It writes nothing but its report, so it may begin anew whatever went wrong.
        Retry: [
          { ErrorEquals: ["States.ALL"], IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: "FULL" },
        ],
        Next: "Done",
      },
      Done: {
        Type: "Choice",
        Choices: [
          { Variable: "$.next", IsNull: false, Next: "Rebuild" },
          { Variable: "$.differences", NumericGreaterThan: 0, Next: "Different" },
        ],
        Default: "Equal",
      },
      Different: { Type: "Fail", Error: "UsageDiffers", CausePath: "States.JsonToString($)" },
      Equal: { Type: "Succeed" },
    },
  }) as const;
