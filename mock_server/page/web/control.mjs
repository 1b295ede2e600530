// The control API, called by its document: openapi/control.yaml.

/** A refusal of the control API, with its own sentence. `status` is 0 if there was no response. */
export class ControlError extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.name = "ControlError";
    this.status = status;
  }
}

export class Control {
  #base;
  #session;

  /** `base` is the address of the control API, without a slash at its end. */
  constructor(base, session) {
    this.#base = base;
    this.#session = session;
  }

  /** The key of the world that the page shows. */
  get key() {
    return this.#session.key;
  }

  /** Make a request that reads the world. Throws ControlError; an aborted call throws what `fetch` throws. */
  get(path, query = {}, signal = undefined) {
    return this.#call("GET", path, query, undefined, signal);
  }

  /** Change the world. Throws ControlError. */
  send(method, path, body = undefined, query = {}) {
    return this.#call(method, path, query, body, undefined);
  }

  async #call(method, path, query, body, signal) {
    const words = Object.entries({ key: this.#session.key, ...query }).filter(
      ([, value]) => value !== null && value !== "",
    );
    const headers = { Accept: "application/json" };
    if (this.#session.token) headers["X-Bitpeak-Mock-Token"] = this.#session.token;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    let text;
    try {
      response = await fetch(`${this.#base}${path}?${new URLSearchParams(words)}`, {
        method,
        headers,
        signal,
        cache: "no-store",
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ControlError("The mock does not answer. Is it still running?", 0);
    }
    if (!response.ok)
      throw new ControlError(sentenceOf(text) ?? `The mock answered ${response.status}.`, response.status);
    return text === "" ? null : JSON.parse(text);
  }
}

function sentenceOf(text) {
  try {
    return JSON.parse(text).errors[0].title;
  } catch {
    return null;
  }
}
