"""`weir run` as EventBridge's own clients see it: boto3 and the AWS command line, unmodified but
for the endpoint.

Usage: aws_clients.py --weir PROGRAM --directory SCRATCH [--recordings DIRECTORY]

Where a client is not installed its part is skipped, and so is what needs recordings of the service.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import unittest
import urllib.request

try:
    import boto3  # noqa: F401
    import botocore.exceptions
except ImportError:
    print("skipped: boto3 is not installed")
    sys.exit(0)

import aws_recorded
from aws_router import (ACCOUNT, BUS_ARN, CREDENTIALS, HOOK, REGION, RULE_ARN, Hooks, Router,
                        start_hooks)

arguments = None
hooks_url = None
router = None


def setUpModule():
    global router, hooks_url
    hooks_url = start_hooks()
    os.environ.update(CREDENTIALS)
    router = Router(arguments.weir, arguments.directory, hooks_url)


def tearDownModule():
    report = router.stop()
    refused = report["sources"]["api"].get("refused", {})
    assert not any(refused.values()), refused
    counted = report["http"]["api"]
    assert counted["requests"] > counted["errors"] > 0, counted
    assert counted["entries"] > counted["entries_failed"] > 0, counted
    assert counted["unknown_bus"] == 2, counted


def entry(source="shop", detail='{"a":1}', **more):
    return {"Source": source, "DetailType": "order", "Detail": detail, **more}


class WithErrors(unittest.TestCase):
    maxDiff = None

    def fails(self, call, code, message=None):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call()
        error = caught.exception.response
        self.assertEqual(error["Error"]["Code"], code)
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertRegex(error["ResponseMetadata"]["RequestId"], r"^[0-9a-f-]{36}$")
        if message is not None:
            self.assertEqual(error["Error"]["Message"], message)

    def recorded(self, path, key):
        """What the service was recorded to do; the test is skipped where that is not here."""
        path = os.path.join(arguments.recordings or "", path)
        if not os.path.exists(path):
            self.skipTest("the recordings are not here")
        with open(path, encoding="utf-8") as file:
            return json.load(file)[key]


class PutEvents(WithErrors):
    def put(self, *entries, source="api"):
        return router.client(source).put_events(Entries=list(entries))

    def test_an_entry_arrives_as_targets_of_the_service_see_it(self):
        detail = '{ "b" : 1.0, "a":"\\u00e9 \\n", "a":[1e3,{}] }'
        answer = self.put(entry(detail=detail, Resources=["arn:x", "y"], Time=1769862896))
        self.assertEqual(answer["FailedEntryCount"], 0)
        event_id = answer["Entries"][0]["EventId"]
        self.assertEqual(
            router.wait_for("out", event_id),
            '{"version":"0","id":"' + event_id + '","detail-type":"order","source":"shop",'
            '"account":"' + ACCOUNT + '","time":"2026-01-31T12:34:56Z","region":"' + REGION + '",'
            '"resources":["arn:x","y"],"detail":' + detail + "}\n")

    def test_a_batch_arrives_whole_and_on_its_buses(self):
        answer = self.put(*[entry(detail=json.dumps({"n": i}), EventBusName=bus)
                            for i in range(5) for bus in ("default", BUS_ARN + "shop")])
        self.assertEqual(answer["FailedEntryCount"], 0)
        ids = [result["EventId"] for result in answer["Entries"]]
        self.assertEqual(len(set(ids)), 10)
        for i, event_id in enumerate(ids):
            line = router.wait_for("shopped" if i % 2 else "out", event_id)
            self.assertEqual(json.loads(line)["detail"], {"n": i // 2})

    def test_only_what_is_wrong_fails(self):
        good = entry()
        answer = self.put(good, {k: v for k, v in good.items() if k != "Source"},
                          {k: v for k, v in good.items() if k != "Detail"},
                          {k: v for k, v in good.items() if k != "DetailType"},
                          entry(detail="text"), entry(detail='{"a":'), entry("aws.mine"), good)
        self.assertEqual(answer["FailedEntryCount"], 6)
        required = "Parameter {0} is not valid. Reason: {0} is a required argument."
        errors = [(r.get("ErrorCode"), r.get("ErrorMessage")) for r in answer["Entries"]]
        self.assertEqual(errors[0], (None, None))
        self.assertEqual(errors[1:4], [("InvalidArgument", required.format(name))
                                       for name in ("Source", "Detail", "DetailType")])
        self.assertEqual(errors[4:6], [("MalformedDetail", "Detail is malformed.")] * 2)
        self.assertEqual(errors[6][0], "NotAuthorizedForSourceException")
        self.assertEqual(errors[7], (None, None))

    def test_a_bus_that_is_not_there(self):
        lost = entry(EventBusName="nowhere")
        answer = self.put(lost)
        self.assertEqual(answer["FailedEntryCount"], 0)
        self.assertIn("EventId", answer["Entries"][0])
        answer = self.put(lost, entry(), source="strict")
        self.assertEqual(answer["FailedEntryCount"], 1)
        self.assertEqual(answer["Entries"][0],
                         {"ErrorCode": "ResourceNotFoundException",
                          "ErrorMessage": "Event bus nowhere does not exist."})

    def test_limits_of_a_call(self):
        self.fails(lambda: self.put(*[entry()] * 11), "ValidationException")
        self.fails(lambda: self.put(entry(detail=json.dumps({"a": "x" * (1 << 20)}))),
                   "ValidationException",
                   "Total size of the entries in the request is over the limit.")

    def test_an_event_goes_on_to_another_bus(self):
        event_id = self.put(entry("onward"))["Entries"][0]["EventId"]
        router.wait_for("shopped", event_id)


class Lists(WithErrors):
    def setUp(self):
        self.events = router.client()

    def test_buses(self):
        buses = self.events.list_event_buses()["EventBuses"]
        self.assertEqual([(bus["Name"], bus["Arn"]) for bus in buses],
                         [(name, BUS_ARN + name) for name in ("default", "shop")])
        self.assertEqual(self.events.describe_event_bus()["Arn"], BUS_ARN + "default")
        self.assertEqual(self.events.describe_event_bus(Name="shop")["Arn"], BUS_ARN + "shop")
        self.fails(lambda: self.events.describe_event_bus(Name="nowhere"),
                   "ResourceNotFoundException", "Event bus nowhere does not exist.")

    def test_rules_page_by_page(self):
        names = []
        pages = self.events.get_paginator("list_rules").paginate(
            NamePrefix="all-", PaginationConfig={"PageSize": 2})
        sizes = []
        for page in pages:
            names += [rule["Name"] for rule in page["Rules"]]
            sizes.append(len(page["Rules"]))
        self.assertEqual(names, [f"all-{i}" for i in range(5)])
        self.assertEqual(sizes, [2, 2, 1])

    def test_a_rule_and_its_targets(self):
        rule = self.events.describe_rule(Name="onward")
        self.assertEqual(rule["EventPattern"], '{"source": ["onward"]}')
        self.assertEqual(rule["Arn"], RULE_ARN + "onward")
        self.assertEqual(rule["State"], "ENABLED")
        self.assertEqual(self.events.describe_rule(Name="shop", EventBusName="shop")["Arn"],
                         RULE_ARN + "shop/shop")
        targets = self.events.list_targets_by_rule(Rule="onward")["Targets"]
        self.assertEqual(targets, [{"Id": "to-shop", "Arn": BUS_ARN + "shop"}])
        names = self.events.list_rule_names_by_target(TargetArn="arn:aws:weir:::target/out")
        self.assertEqual(names["RuleNames"], [f"all-{i}" for i in range(5)])
        self.assertEqual(self.events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"], [])
        self.fails(lambda: self.events.describe_rule(Name="none"), "ResourceNotFoundException",
                   "Rule none does not exist on EventBus default.")

    def test_what_is_not_known_says_so(self):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.events.list_archives()
        self.assertIn("ListArchives", caught.exception.response["Error"]["Message"])


MADE = "arn:aws:weir:::target/made"


class Changes(WithErrors):
    def setUp(self):
        self.events = router.client()

    def send(self, source):
        return self.events.put_events(Entries=[entry(source)])["Entries"][0]["EventId"]

    def make(self, name, pattern, arn=MADE, **more):
        arn_of_rule = self.events.put_rule(Name=name, EventPattern=json.dumps(pattern), **more)
        answer = self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
        self.assertEqual((answer["FailedEntryCount"], answer["FailedEntries"]), (0, []))
        return arn_of_rule["RuleArn"]

    def remove(self, name):
        self.events.remove_targets(Rule=name, Ids=["1"])
        self.events.delete_rule(Name=name)

    def test_the_life_of_a_rule(self):
        pattern = '{"source" : ["life"]}'
        arn = self.events.put_rule(Name="life", EventPattern=pattern, Description="a rule",
                                   Tags=[{"Key": "k", "Value": "v"}])["RuleArn"]
        self.assertEqual(arn, RULE_ARN + "life")
        target = {"Id": "t-1", "Arn": MADE, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
        answer = self.events.put_targets(Rule="life", Targets=[target])
        self.assertEqual((answer["FailedEntryCount"], answer["FailedEntries"]), (0, []))
        # In force as soon as it is answered.
        router.wait_for("made", self.send("life"))
        rule = self.events.describe_rule(Name="life")
        self.assertEqual((rule["EventPattern"], rule["Description"], rule["State"]),
                         (pattern, "a rule", "ENABLED"))
        self.assertEqual(self.events.list_targets_by_rule(Rule="life")["Targets"], [target])
        self.assertIn("life", [r["Name"] for r in self.events.list_rules()["Rules"]])
        self.assertEqual(
            self.events.list_rule_names_by_target(TargetArn=MADE)["RuleNames"], ["life"])

        self.events.tag_resource(ResourceARN=arn, Tags=[{"Key": "l", "Value": "w"}])
        self.events.untag_resource(ResourceARN=arn, TagKeys=["k"])
        self.assertEqual(self.events.list_tags_for_resource(ResourceARN=arn)["Tags"],
                         [{"Key": "l", "Value": "w"}])

        self.events.disable_rule(Name="life")
        self.assertEqual(self.events.describe_rule(Name="life")["State"], "DISABLED")
        missed = self.send("life")
        self.events.enable_rule(Name="life")
        router.wait_for("made", self.send("life"))
        with open(router.path("made"), encoding="utf-8") as file:
            self.assertNotIn(missed, file.read())

        self.fails(lambda: self.events.delete_rule(Name="life"), "ValidationException",
                   "Rule can't be deleted since it has targets.")
        answer = self.events.remove_targets(Rule="life", Ids=["t-1", "t-2"])
        self.assertEqual([f["TargetId"] for f in answer["FailedEntries"]], ["t-2"])
        self.events.delete_rule(Name="life")
        self.events.delete_rule(Name="life")
        self.fails(lambda: self.events.describe_rule(Name="life"), "ResourceNotFoundException",
                   "Rule life does not exist on EventBus default.")

    def test_a_bus_as_target(self):
        self.make("hop", {"source": ["hop"]}, BUS_ARN + "shop")
        router.wait_for("shopped", self.send("hop"))
        self.remove("hop")

    def test_an_arn_that_nothing_stands_for_is_taken_and_told(self):
        nowhere = f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere"
        self.make("void", {"source": ["void"]}, nowhere)
        self.assertIn(nowhere, router.said())
        with urllib.request.urlopen(router.urls["api"] + "/metrics") as page:
            self.assertIn(b"\nweir_api_unknown_arns 1\n", page.read())
        self.remove("void")

    def test_what_a_change_is_refused_for(self):
        self.fails(lambda: self.events.put_rule(Name="bad", EventPattern='{"a":[]}'),
                   "InvalidEventPatternException")
        self.fails(lambda: self.events.put_rule(Name="bad"), "ValidationException",
                   "Parameter(s) EventPattern or ScheduleExpression must be specified.")
        self.fails(lambda: self.events.disable_rule(Name="all-1"), "ManagedRuleException")
        self.fails(lambda: self.events.put_rule(Name="r", EventBusName="nowhere",
                                                EventPattern='{"a":[1]}'),
                   "ResourceNotFoundException", "Event bus nowhere does not exist.")
        self.events.put_rule(Name="refuses", EventPattern='{"a":[1]}')

        def put(target):
            return lambda: self.events.put_targets(Rule="refuses", Targets=[target])
        self.fails(put({"Id": "!@#$@!#$", "Arn": MADE}), "ValidationException",
                   "1 validation error detected: Value '!@#$@!#$' at 'targets.1.member.id' failed "
                   r"to satisfy constraint: Member must satisfy regular expression pattern: "
                   r"[\.\-_A-Za-z0-9]+")
        self.fails(put({"Id": "x" * 65, "Arn": MADE}), "ValidationException",
                   f"1 validation error detected: Value '{'x' * 65}' at 'targets.1.member.id' "
                   "failed to satisfy constraint: Member must have length less than or equal to 64")
        self.fails(put({"Id": "1", "Arn": "no-arn"}), "ValidationException",
                   "Parameter no-arn is not valid. Reason: Provided Arn is not in correct format.")
        for member, value in (("InputPath", "$.detail"),
                              ("SqsParameters", {"MessageGroupId": "g"})):
            with self.assertRaises(botocore.exceptions.ClientError) as caught:
                put({"Id": "1", "Arn": MADE, member: value})()
            self.assertIn(member, caught.exception.response["Error"]["Message"])
        self.fails(put({"Id": "1", "Arn": HOOK, "RetryPolicy": {"MaximumRetryAttempts": 186}}),
                   "ValidationException",
                   "1 validation error detected: Value '186' at 'targets.1.member.retryPolicy."
                   "maximumRetryAttempts' failed to satisfy constraint: Member must have value "
                   "less than or equal to 185")
        self.assertEqual(self.events.list_targets_by_rule(Rule="refuses")["Targets"], [])
        self.events.delete_rule(Name="refuses")

    def test_a_target_gets_what_it_is_to_get_instead_of_the_event(self):
        self.events.put_rule(Name="instead", EventPattern='{"source":["instead"]}')
        targets = [
            {"Id": "constant", "Arn": HOOK, "Input": '{"a": [1]}'},
            {"Id": "path", "Arn": HOOK, "InputPath": "$.detail.a"},
            {"Id": "template", "Arn": HOOK, "InputTransformer": {
                "InputPathsMap": {"a": "$.detail.a", "of": "$.source"},
                "InputTemplate": '{"of": <of>, "a": <a>, "rule": "<aws.events.rule-name>"}'}},
            {"Id": "text", "Arn": HOOK, "InputTransformer": {
                "InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '"<a> it is"'}},
            {"Id": "whole", "Arn": HOOK,
             "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60}}]
        self.events.put_targets(Rule="instead", Targets=targets)
        listed = self.events.list_targets_by_rule(Rule="instead")["Targets"]
        self.assertEqual(listed, sorted(targets, key=lambda target: target["Id"]))
        Hooks.bodies.clear()
        sent = self.events.put_events(Entries=[entry("instead", detail='{"a": {"b" : "c"}}')])
        router.wait_until(lambda: len(Hooks.bodies) == 5)
        whole = [body for body in Hooks.bodies if sent["Entries"][0]["EventId"] in body]
        self.assertEqual(len(whole), 1)
        self.assertEqual(sorted(body for body in Hooks.bodies if body not in whole), sorted([
            '{"a": [1]}', '{"b":"c"}', '{"of": "instead", "a": {"b":"c"}, "rule": "instead"}',
            '"{b:c} it is"']))
        self.events.remove_targets(Rule="instead", Ids=[target["Id"] for target in targets])
        self.events.delete_rule(Name="instead")

    def test_a_way_of_buses_that_leads_back_is_refused(self):
        self.make("forth", {"source": ["forth"]}, BUS_ARN + "shop")
        self.events.put_rule(Name="back", EventBusName="shop", EventPattern='{"source":["forth"]}')
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.events.put_targets(Rule="back", EventBusName="shop",
                                    Targets=[{"Id": "b", "Arn": BUS_ARN + "default"}])
        self.assertIn("would come back to it for ever",
                      caught.exception.response["Error"]["Message"])
        self.events.delete_rule(Name="back", EventBusName="shop")
        self.remove("forth")

    def test_lists_of_what_was_made_page_by_page(self):
        names = [f"page-{n:02}" for n in range(25)]
        for name in names:
            self.events.put_rule(Name=name, EventPattern='{"source":["pages"]}')
        seen, token = [], {}
        while not seen or token:
            answer = self.events.list_rules(NamePrefix="page-", Limit=7, **token)
            seen.append([rule["Name"] for rule in answer["Rules"]])
            token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
        self.assertEqual(seen, [names[0:7], names[7:14], names[14:21], names[21:25]])
        for name in names:
            self.events.delete_rule(Name=name)


class Restarts(Changes):
    """The same once more on durable buses, and what becomes of changes when the process goes."""

    @classmethod
    def setUpClass(cls):
        global router
        cls.before = router
        router = Router(arguments.weir, arguments.directory + "-durable", hooks_url, data_dir=True)

    @classmethod
    def tearDownClass(cls):
        global router
        try:
            router.stop()
        finally:
            router.process.kill()
            router = cls.before

    def restart(self, end):
        end()
        router.start()
        self.events = router.client()

    def test_rules_survive_an_end_and_a_kill(self):
        self.make("kept", {"source": ["kept"]})
        self.make("kept-bus", {"source": ["kept-bus"]}, BUS_ARN + "shop")
        self.events.tag_resource(ResourceARN=RULE_ARN + "kept", Tags=[{"Key": "k", "Value": "v"}])
        for end in (router.stop, router.kill):
            sent = self.send("kept"), self.send("kept-bus")
            self.restart(end)
            self.assertEqual(self.events.describe_rule(Name="kept")["EventPattern"],
                             '{"source": ["kept"]}')
            self.assertEqual(
                self.events.list_tags_for_resource(ResourceARN=RULE_ARN + "kept")["Tags"],
                [{"Key": "k", "Value": "v"}])
            # What had an EventId arrives, before the end or after it.
            router.wait_for("made", sent[0])
            router.wait_for("shopped", sent[1])
            router.wait_for("made", self.send("kept"))
            router.wait_for("shopped", self.send("kept-bus"))
        self.remove("kept")
        self.remove("kept-bus")
        self.restart(router.kill)
        self.fails(lambda: self.events.describe_rule(Name="kept"), "ResourceNotFoundException")

    def test_what_cannot_be_delivered_goes_where_the_rule_says(self):
        self.events.put_rule(Name="dead", EventPattern='{"source":["dead"]}')
        target = {"Id": "1", "Arn": "arn:aws:weir:::target/no",
                  "DeadLetterConfig": {"Arn": "arn:aws:weir:::target/letters"}}
        self.events.put_targets(Rule="dead", Targets=[target])
        self.restart(router.kill)
        self.assertEqual(self.events.list_targets_by_rule(Rule="dead")["Targets"], [target])
        sent = self.send("dead")
        letter = json.loads(router.wait_for("letters", sent))
        self.assertEqual((letter["target"], letter["rules"]), ("no/dead/1", ["dead"]))
        self.remove("dead")

    def test_a_new_configuration_goes_together_with_what_was_made(self):
        self.make("stays", {"source": ["stays"]})
        router.config["targets"]["more"] = {"file": router.path("more"),
                                            "batch": {"max_wait": "1ms"}}
        router.config["rules"]["more"] = {"pattern": '{"source":["more"]}', "targets": ["more"]}
        router.configure()
        router.process.send_signal(signal.SIGHUP)
        router.wait_until(lambda: "more" in [
            rule["Name"] for rule in self.events.list_rules(NamePrefix="more")["Rules"]])
        router.wait_for("made", self.send("stays"))
        router.wait_for("more", self.send("more"))
        self.fails(lambda: self.events.delete_rule(Name="more"), "ManagedRuleException")
        self.remove("stays")


class Recorded(WithErrors):
    def test_each_error_of_the_service(self):
        errors = self.recorded("api/aws-recorded-errors.json", "errors")
        self.assertGreater(len(errors), 60)
        events = router.client()
        compared = 0
        for recorded in errors:
            with self.subTest(recorded["scenario"]):
                compared += aws_recorded.compare(self, events, recorded)
        self.assertGreater(compared, 20)


class TestEventPattern(WithErrors):
    def test_the_recorded_cases(self):
        cases = self.recorded("patterns/aws-verified-patterns.json", "cases")
        events = router.client()
        self.assertGreater(len(cases), 100)
        for case in cases:
            with self.subTest(case["name"]):
                def ask():
                    return events.test_event_pattern(EventPattern=json.dumps(case["pattern"]),
                                                     Event=json.dumps(case["event"]))
                if case["expect"] == "error":
                    with self.assertRaises(botocore.exceptions.ClientError) as caught:
                        ask()
                    error = caught.exception.response["Error"]
                    self.assertEqual(error["Code"], case["error"]["Code"])
                    # Where in the text depends on how the client wrote it.
                    self.assertEqual(error["Message"].split("\n at [")[0],
                                     case["error"]["Message"].split("\n at [")[0])
                else:
                    self.assertEqual(ask()["Result"], case["expect"] == "match")

    def test_an_event_that_is_none(self):
        self.fails(lambda: router.client().test_event_pattern(EventPattern='{"a":[1]}',
                                                              Event='{"a":1}'),
                   "ValidationException", "Parameter Event is not valid.")


@unittest.skipUnless(os.path.exists("/usr/bin/aws"), "the AWS command line is not installed")
class CommandLine(unittest.TestCase):
    def aws(self, *words, code=0):
        done = subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", router.urls["api"], "--output", "json", "events",
             *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env={**os.environ, **CREDENTIALS, "HOME": router.directory, "AWS_PAGER": "",
                 "AWS_MAX_ATTEMPTS": "1"})
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout) if code == 0 and done.stdout.strip() else done.stderr

    def test_puts_events_and_looks_at_rules(self):
        answer = self.aws("put-events", "--entries", json.dumps([entry("cli")]))
        self.assertEqual(answer["FailedEntryCount"], 0)
        router.wait_for("out", answer["Entries"][0]["EventId"])
        self.aws("put-rule", "--name", "cli-made", "--event-pattern", '{"source":["cli-made"]}')
        self.aws("put-targets", "--rule", "cli-made", "--targets", "Id=1,Arn=" + MADE)
        answer = self.aws("put-events", "--entries", json.dumps([entry("cli-made")]))
        router.wait_for("made", answer["Entries"][0]["EventId"])
        self.aws("remove-targets", "--rule", "cli-made", "--ids", "1")
        self.aws("delete-rule", "--name", "cli-made")
        rules = self.aws("list-rules", "--name-prefix", "all-", "--page-size", "2")["Rules"]
        self.assertEqual(len(rules), 5)
        event = {"id": "1", "account": ACCOUNT, "source": "s", "time": "2026-01-31T12:34:56Z",
                 "region": REGION, "resources": [], "detail-type": "d", "detail": {}}
        self.assertEqual(self.aws("test-event-pattern", "--event-pattern", '{"source":["s"]}',
                                  "--event", json.dumps(event)), {"Result": True})
        error = self.aws("describe-rule", "--name", "none", code=254)
        self.assertIn("(ResourceNotFoundException)", error)
        self.assertIn("Rule none does not exist on EventBus default.", error)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--recordings")
    arguments = parser.parse_args()
    unittest.main(argv=sys.argv[:1], warnings="ignore")  # boto3 closes no connection
