// What aws_node.py asks of Amazon's client for JavaScript. Arguments: the folder that holds
// node_modules, the endpoint, the region. Prints one JSON object.
import {createRequire} from "node:module";

const [folder, endpoint, region] = process.argv.slice(2);
const sdk = createRequire(folder + "/package.json")("@aws-sdk/client-eventbridge");
const client = new sdk.EventBridgeClient({
  endpoint, region, maxAttempts: 1,
  credentials: {accessKeyId: "any", secretAccessKey: "any"},
});
const ask = (name, input) => client.send(new sdk[name + "Command"](input));

const refused = async (name, input) => {
  try {
    await ask(name, input);
  } catch (error) {
    return [error.name, error.message, error.$metadata.httpStatusCode, error.$metadata.requestId];
  }
  return [];
};

const made = await ask("PutRule", {Name: "node", EventPattern: '{"source":["node"]}'});
const target = {
  Id: "1", Arn: "arn:aws:weir:::target/hook",
  InputTransformer: {InputPathsMap: {n: "$.detail.n"}, InputTemplate: '{"got": <n>}'},
};
const put = await ask("PutTargets", {Rule: "node", Targets: [target]});
const targets = await ask("ListTargetsByRule", {Rule: "node"});
const entry = {Source: "node", DetailType: "d", Detail: '{"n":[7]}', Time: new Date(1769862896500)};
const sent = await ask("PutEvents", {Entries: [entry, {Source: "node"}, entry]});
const rules = [];
let NextToken;
do {
  const page = await ask("ListRules", {NamePrefix: "all-", Limit: 2, NextToken});
  rules.push(page.Rules.length);
  NextToken = page.NextToken;
} while (NextToken);
console.log(JSON.stringify({
  arn: made.RuleArn,
  failedTargets: put.FailedEntryCount,
  sameTarget: JSON.stringify(targets.Targets) === JSON.stringify([target]),
  sent: {failed: sent.FailedEntryCount, entries: sent.Entries},
  rules,
  matches: (await ask("TestEventPattern", {
    EventPattern: '{"source":["s"]}',
    Event: JSON.stringify({id: "1", account: "1", source: "s", time: "2026-01-31T12:34:56Z",
      region: "r", resources: [], "detail-type": "d", detail: {}}),
  })).Result,
  refused: await refused("DescribeRule", {Name: "none"}),
  absent: await refused("ListArchives", {}),
}));
