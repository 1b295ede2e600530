// The filter of the journal.

/**
 * Return a function that says whether an exchange passes. Each word of `text` must fit: a status (`404`), a class of
 * them (`4xx`), or a part of method, target, operation, refusal or a violation's code. `noticed` lets only exchanges pass that the mock
 * has a remark about.
 */
export function sieve(text, noticed) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (exchange) => (!noticed || isNoticed(exchange)) && words.every((word) => fits(exchange, word));
}

/** Whether the mock has a remark: a violation, a fault that struck, or an internal error. */
export function isNoticed(exchange) {
  return exchange.violations.length > 0 || exchange.fault !== null || exchange.defect !== null;
}

function fits(exchange, word) {
  if (/^[1-5](\d\d|xx)$/.test(word)) return String(exchange.status).startsWith(word.replace("xx", ""));
  const said = [
    exchange.method,
    exchange.target,
    exchange.operation,
    exchange.refusal,
    ...exchange.violations.map(({ code }) => code),
  ];
  return said.some((part) => part?.toLowerCase().includes(word));
}
