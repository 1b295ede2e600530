// Numbers and times as people read them.

/** Write a number of bytes: '17 bytes', '1.2 KiB'. */
export function bytes(count) {
  if (count < 1024) return counted(count, "byte");
  const units = ["KiB", "MiB", "GiB"];
  let size = count / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size.toFixed(1)} ${units[unit]}`;
}

/** Write a number of things: '1 fault', '2 faults'. */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Write a duration in milliseconds: '0.31 ms', '1.20 s'. */
export function span(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds.toFixed(2)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Return the milliseconds since 1970 of a moment: RFC 3339, or the API's own form, which is UTC. */
export function moment(text) {
  const written = text.replace(" ", "T");
  return Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(written) ? written : `${written}Z`);
}

/** Write the time of day of a moment, in UTC: '14:03:59'. */
export function timeOfDay(milliseconds) {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

/** Write a date and time, in UTC: '2026-01-01 14:03:59'. */
export function dateAndTime(milliseconds) {
  return new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
}

/** Indent JSON. Return any other text as it is. */
export function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
