"""Errors that the service was recorded to answer, each provoked here and compared.

compare(test, client, recorded): True where it was compared, False where the operation is one that
the router does not have, which must then say so by name.
"""

import json
import re

import botocore.exceptions

EVENT = {"id": "1", "account": "1", "source": "s", "time": "2026-01-31T12:34:56Z", "region": "r",
         "resources": [], "detail-type": "d", "detail": {}}
ENTRY = {"Source": "s", "DetailType": "d", "Detail": "{}"}
PATTERN = '{"source":["s"]}'
BUS = "custom-bus"


def arn(client, kind):
    default = client.describe_event_bus()["Arn"]
    return default.replace("event-bus/default", kind)


def target(**more):
    return {"Id": "target-id", "Arn": "arn:aws:weir:::target/made", **more}


def put_target(client, **more):
    client.put_rule(Name="recorded", EventPattern=PATTERN)
    try:
        return client.put_targets(Rule="recorded", Targets=[target(**more)])
    finally:
        client.remove_targets(Rule="recorded", Ids=["target-id"])
        client.delete_rule(Name="recorded")


def delete_with_targets(client):
    client.put_rule(Name="recorded", EventPattern=PATTERN)
    client.put_targets(Rule="recorded", Targets=[target()])
    try:
        client.delete_rule(Name="recorded")
    finally:
        client.remove_targets(Rule="recorded", Ids=["target-id"])
        client.delete_rule(Name="recorded")


def without(member):
    return lambda c: c.put_events(Entries=[{k: v for k, v in ENTRY.items() if k != member}])


# By the start of the scenario's name.
CALLS = {
    "test_put_events_without_source/": without("Source"),
    "test_put_event_without_detail/": without("Detail"),
    "test_put_event_without_detail_type/": without("DetailType"),
    "test_put_event_malformed_detail": lambda c: c.put_events(Entries=[{**ENTRY, "Detail": "x"}]),
    "test_put_event_with_too_big_detail/": lambda c: c.put_events(
        Entries=[{**ENTRY, "Detail": json.dumps({"a": "x" * (1 << 20)})}]),
    "test_put_events_exceed_limit_ten_entries": lambda c: c.put_events(Entries=[ENTRY] * 11),
    "test_describe_delete_not_existing_event_bus/": lambda c: c.describe_event_bus(Name=BUS),
    "test_put_events_nonexistent_event_bus/": lambda c: c.describe_event_bus(Name=BUS),
    "test_describe_nonexistent_rule/": lambda c: c.describe_rule(Name="none"),
    "test_delete_rule_with_targets/": delete_with_targets,
    "test_put_target_id_validation/put-targets-invalid-id-error":
        lambda c: put_target(c, Id="!@#$@!#$"),
    "test_put_target_id_validation/put-targets-length-error": lambda c: put_target(c, Id="i" * 65),
    "test_put_events_with_input_transformer_missing_keys/": lambda c: put_target(
        c, InputTransformer={"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<notdefinedkey>"'}),
    "test_put_event_input_path_and_input_transformer/": lambda c: put_target(
        c, InputPath="$.a", InputTransformer={"InputTemplate": '"x"'}),
    "test_plain_string_payload/": lambda c: c.test_event_pattern(EventPattern=PATTERN,
                                                                 Event="plain string"),
    "tests_put_rule_with_schedule_custom_event_bus/": lambda c: c.put_rule(
        Name="recorded", EventBusName="shop", ScheduleExpression="rate(1 minute)"),
    "tests_put_rule_with_invalid_schedule_cron": lambda c: c.put_rule(
        Name="recorded", ScheduleExpression="cron(INVALID)"),
    "tests_tag_list_untag_not_existing_resource[not_existing_rule]": lambda c: c.tag_resource(
        ResourceARN=arn(c, "rule/none"), Tags=[{"Key": "k", "Value": "v"}]),
    "tests_tag_list_untag_not_existing_resource[not_existing_event_bus]":
        lambda c: c.tag_resource(ResourceARN=arn(c, "event-bus/none"),
                                 Tags=[{"Key": "k", "Value": "v"}]),
    "test_list_tags_for_deleted_rule/": lambda c: c.list_tags_for_resource(
        ResourceARN=arn(c, "rule/shop/none")),
    "test_list_tags_for_deleted_event_bus/": lambda c: c.list_tags_for_resource(
        ResourceARN=arn(c, "event-bus/none")),
}
# Operations that the router does not have, one scenario a line.
ABSENT = {
    "test_delete_connection/": lambda c: c.describe_connection(Name="none"),
    "test_create_connection": lambda c: c.create_connection(
        Name="n", AuthorizationType="BASIC",
        AuthParameters={"BasicAuthParameters": {"Username": "u", "Password": "p"}}),
    "test_api_destinations": lambda c: c.describe_api_destination(Name="none"),
    "test_create_api_destination": lambda c: c.create_api_destination(
        Name="n", ConnectionArn=arn(c, "connection/n/1"), InvocationEndpoint="https://x.example",
        HttpMethod="POST"),
    "test_create_archive": lambda c: c.create_archive(ArchiveName="n",
                                                      EventSourceArn=arn(c, "event-bus/none")),
    "test_describe_archive": lambda c: c.describe_archive(ArchiveName="none"),
    "test_update_archive": lambda c: c.update_archive(ArchiveName="none"),
    "test_start_replay": lambda c: c.start_replay(
        ReplayName="n", EventSourceArn=arn(c, "archive/none"), EventStartTime=0, EventEndTime=1,
        Destination={"Arn": arn(c, "event-bus/default")}),
    "test_describe_replay": lambda c: c.describe_replay(ReplayName="none"),
    "tests_concurrency_error_too_many_active_replays": lambda c: c.list_replays(),
    "test_remove_permission_non_existing_sid": lambda c: c.remove_permission(StatementId="none"),
    "test_create_multiple_event_buses_same_name/": lambda c: c.create_event_bus(Name=BUS),
    "test_delete_default_event_bus/": lambda c: c.delete_event_bus(Name="default"),
}


def named(table, scenario):
    found = [name for name in table if scenario.startswith(name)]
    return table[max(found, key=len)] if found else None


def provoke(test, call, client):
    try:
        answer = call(client)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    test.assertEqual(answer["FailedEntryCount"], 1)
    entry = answer["Entries"][0]
    return {"Code": entry["ErrorCode"], "Message": entry["ErrorMessage"]}, 200


def pattern_of_exception(message):
    """The pattern that the recorder put into the message, where it did."""
    found = re.search(r'\[Source: \(String\)"(.*)"; line: \d+, column: \d+\]$', message, re.S)
    return found and found.group(1)


def compare(test, client, recorded):
    scenario = recorded["scenario"]
    code = recorded.get("code") or recorded["entry_error_code"]
    message = recorded.get("message") or recorded["entry_error_message"]
    call = named(CALLS, scenario)
    if call is None and code == "InvalidEventPatternException":
        pattern = pattern_of_exception(message)
        if pattern is None:
            return False  # its pattern stands among those of TestEventPattern
        call = lambda c: c.put_rule(Name="recorded", EventPattern=pattern)  # noqa: E731
    if call is None:
        call = named(ABSENT, scenario)
        test.assertIsNotNone(call, "an error that nothing provokes")
        error, _ = provoke(test, call, client)
        test.assertRegex(error["Message"], "weir has no ")
        return False
    error, status = provoke(test, call, client)
    test.assertEqual((error["Code"], status), (code, recorded["http"]))
    # What the recorder has masked may be anything.
    message = message.replace("'second-invalid-target-id'", "'<id>'")
    expected = ".*".join(re.escape(part) for part in re.split(r"<[^<>]*>", message))
    test.assertRegex(error["Message"], re.compile("^" + expected, re.S))
    return True
