// Faults: those that are armed, and a form to arm more. The kinds of faults come from the two documents.

import { fill, find, h } from "./element.mjs";
import { button, choice, field, form, textField } from "./form.mjs";
import { attempt } from "./notice.mjs";
import { counted } from "./words.mjs";

export class Faults {
  #control;
  #armed = h("ul", { class: "armed", "aria-label": "Armed faults" });
  #form;
  #shown = "";

  /**
   * `info` is the mock's own account; `refusals` has status and title of each refusal by name; `order` is the control
   * document's schema of a fault, and `presets` its examples.
   */
  constructor(control, { info, refusals, order, presets }) {
    this.#control = control;
    this.info = info;
    this.refusals = refusals;
    this.order = order;
    this.#form = this.#makeForm();
    find("faults").append(
      h(
        "div",
        { class: "presets" },
        h("span", { class: "soft" }, "Arm at once:"),
        presets.map(({ summary, name, value }) =>
          button(summary ?? name, () => this.#arm(value), { class: "quiet", id: `preset-${name}` }),
        ),
      ),
      this.#form,
      this.#armed,
      button("Disarm all", () => attempt(() => control.send("DELETE", "/faults")), { id: "disarm", class: "quiet" }),
    );
  }

  /** Show what is armed. */
  show({ faults }) {
    const text = JSON.stringify(faults);
    if (text === this.#shown) return;
    this.#shown = text;
    find("faults-count").textContent = armedOf(faults).length || "";
    find("disarm").hidden = !faults.length;
    fill(
      this.#armed,
      faults.length ? faults.map((fault) => this.#line(fault)) : h("li", { class: "soft" }, "Nothing is armed."),
    );
  }

  #line(fault) {
    return h(
      "li",
      { class: isSpent(fault) ? "spent" : "" },
      h(
        "span",
        h("b", whatOf(fault, this.refusals)),
        ` ${whenOf(fault)}`,
        h("small", `struck ${counted(fault.hits, "time")}, met ${counted(fault.calls, "call")}`),
        fault.remark && !isSpent(fault) && h("small", { class: "open" }, fault.remark),
      ),
      button(
        isSpent(fault) ? "Remove" : "Disarm",
        () => attempt(() => this.#control.send("DELETE", "/faults", undefined, { id: fault.id })),
        {
          class: "quiet",
          id: `disarm-${fault.id}`,
          "aria-label": `${isSpent(fault) ? "Remove" : "Disarm"} fault ${fault.id}`,
        },
      ),
    );
  }

  #makeForm() {
    const { properties } = this.order;
    const what = choice("what", this.#choices(""), { id: "fault-what" });
    const operation = choice("operation", {
      "": [{ value: "", label: "any operation" }, ...this.info.operations.map(({ id }) => ({ value: id, label: id }))],
    });
    const more = this.#moreFields();
    what.addEventListener("change", () => {
      if (what.value === "latency=") more.open = true;
    });
    operation.addEventListener("change", () => fill(what, [...choice("", this.#choices(operation.value)).children]));
    return form(
      (sent) => this.#submit(sent),
      field("What goes wrong", what),
      field("Where", operation, properties.operation.description),
      field("How often", textField("times", "1", { size: 5, inputmode: "numeric" }), "A number, or empty for no end."),
      more,
      h("button", { type: "submit", class: "first" }, "Arm"),
    );
  }

  #moreFields() {
    const { properties } = this.order;
    return h(
      "details",
      h("summary", "More"),
      h(
        "div",
        { class: "fields" },
        field(
          "Held back for",
          textField("latency", "", { size: 14, placeholder: "100ms..300ms" }),
          properties.latency.description,
        ),
        field(
          "Calls before it strikes",
          textField("after", "0", { size: 5, inputmode: "numeric" }),
          properties.after.description,
        ),
        field(
          "Probability",
          textField("probability", "1", { size: 5, inputmode: "decimal" }),
          properties.probability.description,
        ),
        field("Seed", textField("seed", "0", { size: 5, inputmode: "numeric" }), properties.seed.description),
      ),
    );
  }

  #choices(operation) {
    const meant = this.info.operations.filter(({ id }) => !operation || id === operation);
    const names = [...new Set(meant.flatMap(({ refusals }) => refusals))];
    const { properties } = this.order;
    const of = (word) => (properties[word].enum ?? properties[word].examples).filter((value) => value !== null);
    return {
      "A documented refusal": names.map((name) => ({ value: `refusal=${name}`, label: labelOf(name, this.refusals) })),
      "An outage": of("status").map((status) => ({ value: `status=${status}`, label: String(status) })),
      "On the wire": of("wire").map((wire) => ({ value: `wire=${wire}`, label: wire })),
      "Only late": [{ value: "latency=", label: "a delay" }],
    };
  }

  #submit(sent) {
    const said = Object.fromEntries(new FormData(sent));
    const [word, value] = said.what.split("=");
    this.#arm({
      ...(word === "latency" ? {} : { [word]: word === "status" ? Number(value) : value }),
      ...(said.latency && { latency: said.latency }),
      ...(said.operation && { operation: said.operation }),
      times: said.times === "" ? null : Number(said.times),
      after: Number(said.after),
      probability: Number(said.probability),
      seed: Number(said.seed),
    });
  }

  #arm(order) {
    return attempt(() => this.#control.send("POST", "/faults", order));
  }
}

function labelOf(name, refusals) {
  return refusals[name] ? `${refusals[name].status} ${name}` : name;
}

/** Return the faults that can still strike. */
export function armedOf(faults) {
  return faults.filter((fault) => !isSpent(fault));
}

/** Whether a fault has struck as often as it was to. */
function isSpent({ times, hits }) {
  return times !== null && hits >= times;
}

/** Describe what a fault does. */
export function whatOf({ refusal, status, wire, latency, mutation }, refusals) {
  return [
    refusal !== null && labelOf(refusal, refusals),
    status !== null && `${status}`,
    wire !== null && `${wire} on the wire`,
    mutation !== null && `${mutation.pointer || "the whole answer"}: ${mutation.change}`,
    latency !== null && `late by ${latency}`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** Describe when a fault strikes. */
export function whenOf({ operation, times, after, probability, hits }) {
  return [
    `on ${operation ?? "any operation"}`,
    times === null ? "for ever" : hits >= times ? "spent" : counted(times - hits, "more time"),
    after > 0 && `after ${counted(after, "call")}`,
    probability < 1 && `with probability ${probability}`,
  ]
    .filter(Boolean)
    .join(", ");
}
