// The world that the page shows, and the token that it uses.

const TOKEN = "bitpeak-mock-token";

/**
 * The address's fragment names the key: `#key=mock-anna`, so that a world can be bookmarked. It may bring the token,
 * `#token=…`, which is taken out of the address at once and kept no longer than the tab.
 */
export class Session {
  #location;
  #history;
  #storage;

  constructor(location, history, storage) {
    this.#location = location;
    this.#history = history;
    this.#storage = storage;
    this.key = "";
    this.read();
  }

  /** Read the address again; return whether it names another world than before, or brought a token. */
  read() {
    const fragment = new URLSearchParams(this.#location.hash.slice(1));
    const token = fragment.get("token");
    if (token !== null) this.token = token;
    const key = fragment.get("key") ?? this.key;
    const changed = key !== this.key || token !== null;
    this.key = key;
    if (token !== null) this.#write();
    return changed;
  }

  get token() {
    return this.#storage.getItem(TOKEN) ?? "";
  }

  set token(token) {
    if (token) this.#storage.setItem(TOKEN, token);
    else this.#storage.removeItem(TOKEN);
  }

  /** Show another world. */
  choose(key) {
    this.key = key;
    this.#write();
  }

  #write() {
    const fragment = this.key ? `#${new URLSearchParams({ key: this.key })}` : "";
    this.#history.replaceState(null, "", this.#location.pathname + fragment);
  }
}
