import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

type Node = {
  readonly type: string;
  readonly name?: string;
  readonly callee?: Node;
  readonly key?: Node;
};
/** What is asked of Babel's path of a node. */
type Place = {
  readonly node: Node;
  readonly parent: Node | null;
  readonly key: string | number | null;
  readonly listKey?: string;
};

const errors = /^(Error|KeysUnavailable|TokenRefused|TableRefusal)$/;

/** Whether the node is a sentence for people: the message of an error, the detail of a problem, the reason in a log. */
const isMessage = ({ node, parent, key, listKey }: Place): boolean => {
  if (parent === null) return false;
  const inArguments = listKey === "arguments";
  if (parent.type === "NewExpression" && inArguments && parent.callee?.type === "Identifier") {
    // The first argument of a problem is its code; an error may have a cause besides.
    if (parent.callee.name === "Problem") return key === 1;
    return errors.test(parent.callee.name ?? "");
  }
  if (node.type !== "StringLiteral" && node.type !== "TemplateLiteral") return false;
  if (parent.type === "CallExpression" && parent.callee?.type === "Identifier" && inArguments)
    return ["refused", "refuse", "onRefused"].includes(parent.callee.name ?? "");
  return (
    parent.type === "ObjectProperty" &&
    parent.key?.type === "Identifier" &&
    ["reason", "barred"].includes(parent.key.name ?? "")
  );
};

const messages = {
  shouldIgnore: (path: Place) => (isMessage(path) ? "A sentence for people, by which nothing is decided." : undefined),
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "messages", messages)];
