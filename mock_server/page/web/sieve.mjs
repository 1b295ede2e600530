// The filter of the journal.

/**
 * Return a function that says whether an exchange passes. Each word of `text` must fit: a status (`404`), a class of
 * them (`4xx`), or a part of what was asked, answered and remarked: method, target, operation, refusal, violations, hint,
 * the fields of a form and both bodies. `remarked` lets only exchanges pass that the mock has a remark about.
 */
export function sieve(text, remarked) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (exchange) => (!remarked || hasRemark(exchange)) && words.every((word) => fits(exchange, word));
}

/** Whether the mock has a remark: a violation, a hint, a fault that struck, or an internal error. */
export function hasRemark({ violations, hint, fault, defect }) {
  return violations.length > 0 || Boolean(hint) || fault !== null || defect !== null;
}

/** Say what the fault did that struck an exchange. */
export function struckBy({ refusal, wire, status }) {
  if (wire) return `${wire} on the wire`;
  if (refusal && !refusal.startsWith("outage-")) return `${status} ${refusal}`;
  return status >= 400 ? `${status}` : "a changed or late answer";
}

function fits(exchange, word) {
  if (/^[1-5](\d\d|xx)$/.test(word)) return String(exchange.status).startsWith(word.replace("xx", ""));
  const said = [
    exchange.method,
    exchange.target,
    exchange.operation,
    exchange.refusal,
    exchange.hint,
    exchange.defect,
    exchange.request?.body,
    exchange.answer?.body,
    ...exchange.violations.flatMap(({ code, sentence }) => [code, sentence]),
    ...(exchange.request?.parts ?? []).flatMap(({ name, preview }) => [name, preview]),
  ];
  return said.some((part) => part?.toLowerCase().includes(word));
}
