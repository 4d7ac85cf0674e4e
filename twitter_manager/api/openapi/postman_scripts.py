"""The scripts of the Postman collection: what keeps a run from changing what it did not make, and the tests."""

import json
from collections.abc import Collection, Mapping

__all__ = ["SCHEDULE_AT", "TRIAL_USER", "after_each", "after_one", "before_each", "before_post"]

TRIAL_USER = "trialUser"
SCHEDULE_AT = "scheduleAt"  # null, or a time far away

# Before every request. A request that uses a variable of the run is sent only if this very run has set it, and the
# account behind it is the one that this run has connected: its user has a name that nobody else has. So a variable
# that an earlier run or an environment keeps leads nowhere, whatever its number means by now. A request without such
# variables has what somebody typed, and is sent. Where a webhook would be told of the run's posts, none goes out.
_BEFORE_EACH = """\
const kept = %(kept)s;
const variables = pm.collectionVariables;
const refuse = (why, { end }) => {
  pm.test(why, () => pm.expect.fail("not sent"));
  if (end) {
    kept.forEach((name) => variables.unset(name));
    pm.execution.setNextRequest(null);
  }
  pm.execution.skipRequest();
};
const ask = (path, isRight, why) => pm.sendRequest({
  url: pm.variables.replaceIn("{{baseUrl}}") + path,
  header: { "X-API-Key": pm.variables.replaceIn("{{apiKey}}"), Accept: "application/json" },
}, (error, response) => {
  if (error) return refuse("Nobody answers at baseUrl: is the service running there?", { end: true });
  if (response.code === 401) return refuse("Set apiKey to a key of the service (instance/secrets.env)", { end: true });
  let body = {};
  try { body = response.json(); } catch { /* no answer of the service */ }
  if (response.code !== 200 || !isRight(body)) refuse(why, { end: true });
});

if (!variables.has("%(at)s")) variables.set("%(at)s", "null");
const starts = pm.info.requestName === %(start)s;
if (starts) {
  kept.forEach((name) => variables.unset(name));
  variables.set("%(user)s", "pm_" + pm.variables.replaceIn("{{$guid}}").replace(/-/g, "").slice(0, 12));
}
const used = kept.filter((name) => JSON.stringify(pm.request).includes(`{{${name}}}`));
const elsewhere = kept.find((name) => [pm.environment, pm.globals, pm.iterationData].some((each) => each.has(name)));
const missing = used.find((name) => !variables.has(name));
if ((starts || used.length) && elsewhere) {
  refuse(`Take ${elsewhere} out of the environment, the globals and the data file: only a run sets it`, { end: true });
} else if (missing) {
  refuse(`There is no ${missing} of this run: run the collection from the top`, { end: missing === "accountId" });
} else if (starts || used.includes("authUrl")) {
  ask("/api/v1/mock-mode", (body) => body.enabled === true,
    "Mock mode is off: the collection only runs where X is simulated, and has changed nothing");
  if (starts) ask("/api/v1/webhooks", ({ webhooks, next_cursor: more }) => {
    const isTold = (each) => each.is_active && each.events.some((event) => /^(tweet|thread)/.test(event));
    variables.set("%(at)s", more || webhooks.some(isTold) ? '"2036-11-20T14:05:00Z"' : "null");
    return true;
  }, "The webhooks cannot be read");
} else if (used.length && !variables.has("accountId")) {
  refuse("This run has no account: run the collection from the top", { end: true });
} else if (used.length) {
  ask(`/api/v1/accounts/${variables.get("accountId")}`,
    (body) => body.mock === true && body.username === variables.get("%(user)s"),
    "The account is not the one that this run has connected: run the collection from the top");
}
"""

_BEFORE_POST = """\
if (pm.collectionVariables.get("%s") !== "null") {
  pm.test("not sent, since a webhook would be told of it", () => {});
  pm.execution.skipRequest();
}
"""

# After every request: what the one shape of errors promises, and the request id.
_AFTER_EACH = """\
pm.test("it carries its request id", () => {
  pm.expect(pm.response.headers.get("X-Request-ID")).to.match(/^[A-Za-z0-9._-]{1,64}$/);
});
if (pm.response.code >= 400) {
  pm.test("an error has the one shape", () => {
    const error = pm.response.json();
    for (const field of ["error", "code", "request_id"]) {
      pm.expect(error[field], field).to.be.a("string").that.is.not.empty;
    }
    pm.expect(error.request_id).to.equal(pm.response.headers.get("X-Request-ID"));
  });
}
"""
_AFTER_ONE = """\
const required = %(required)s;
pm.test("the status is a documented one", () => {
  pm.expect(pm.response.code).to.be.oneOf(%(documented)s);
});
pm.test("the status is one that this run expects", () => {
  pm.expect(pm.response.code).to.be.oneOf(%(expected)s);
});
pm.test("the required fields are there", () => {
  pm.expect(pm.response.json()).to.include.all.keys(required[pm.response.code] || ["error", "code", "request_id"]);
});
"""
# Never null or undefined: a body with null means another thing than one with a number.
_SET = """\
pm.test("%(name)s is there to be kept", () => {
  const found = pm.response.json()%(way)s;
  pm.expect(found).to.be.ok;
  pm.collectionVariables.set("%(name)s", found);
});
"""
# Without an account everything after it ends here, whatever the answer was.
_END_WITHOUT_ACCOUNT = """\
if (!pm.collectionVariables.has("accountId")) pm.execution.setNextRequest(null);
"""
_UNSET = """\
if (pm.response.code === 200) pm.collectionVariables.unset("%s");
"""


def before_each(*, start: str, kept: Collection[str]) -> str:
    """`start`: the name of the request that begins a run; `kept`: the variables that a run sets."""
    names = {"kept": json.dumps([TRIAL_USER, *kept]), "start": json.dumps(start)}
    return _BEFORE_EACH % {**names, "user": TRIAL_USER, "at": SCHEDULE_AT}


def before_post() -> str:
    """For a request that can only post now."""
    return _BEFORE_POST % SCHEDULE_AT


def after_each() -> str:
    """What is true of every response."""
    return _AFTER_EACH


def after_one(
    *,
    required: Mapping[str, Collection[str]],
    documented: Collection[int],
    expected: Collection[int],
    sets: Mapping[str, str],
    unsets: str,
) -> str:
    """`required`: fields by status; `sets`: variable → path of its value; `unsets`: the variable of what no longer
    exists."""
    script = _AFTER_ONE % {
        "required": json.dumps(required),
        "documented": json.dumps(documented),
        "expected": json.dumps(expected),
    }
    for name, way in sets.items():
        script += _SET % {"name": name, "way": "".join(f"?.{part}" for part in way.split("."))}
    if "accountId" in sets:
        script += _END_WITHOUT_ACCOUNT
    return script + (_UNSET % unsets if unsets else "")
