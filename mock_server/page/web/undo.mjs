// What an undo puts back: the parts of a world that one change made others, and that nothing has changed since.

// What differs less than this is the time that the requests took.
const MOMENT = 5000;

/**
 * Return `{state, kept}`: the state to put, and the names of the parts that something else has changed since, which stay.
 * `before` and `after` are the states around the change, `now` is the present one; `elapsed` are the milliseconds since.
 * `names` are those of the resources.
 */
export function undoing(names, before, after, now, elapsed) {
  const state = {};
  const kept = [];
  for (const part of Object.keys(before)) {
    if (part === "next_id" || sameAs(part, before[part], after[part], 0)) continue;
    if (part === "quota" ? ruled(after.quota) !== ruled(now.quota) : !sameAs(part, after[part], now[part], elapsed))
      kept.push(part);
    else state[part] = part === "clock" ? clockOf(before.clock, elapsed) : before[part];
  }
  const restored = names.filter((name) => name in state);
  if (restored.length)
    state.next_id =
      names.length > 1 ? Object.fromEntries(restored.map((name) => [name, before.next_id[name]])) : before.next_id;
  return { state, kept };
}

function sameAs(part, one, other, elapsed) {
  if (part !== "clock") return JSON.stringify(one) === JSON.stringify(other);
  const passed = Date.parse(other.now) - Date.parse(one.now) - (one.frozen ? 0 : elapsed);
  return one.frozen === other.frozen && Math.abs(passed) < MOMENT;
}

/** The rules of a quota, without what requests use up. */
function ruled(quota) {
  return quota && JSON.stringify([quota.enforced, quota.requests, quota.seconds]);
}

function clockOf({ now, frozen }, elapsed) {
  return { now: new Date(Date.parse(now) + (frozen ? 0 : elapsed)).toISOString(), frozen };
}
