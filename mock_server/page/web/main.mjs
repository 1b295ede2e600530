// The page: connects the world with the parts that show it.

import { Control } from "./control.mjs";
import { Coverage } from "./coverage.mjs";
import { fill, find, h } from "./element.mjs";
import { exchangeView } from "./exchange.mjs";
import { Faults } from "./faults.mjs";
import { Handlers } from "./handlers.mjs";
import { Journal } from "./journal.mjs";
import { attempt, trouble, withdrawOffer } from "./notice.mjs";
import { Overview } from "./overview.mjs";
import { Questions } from "./questions.mjs";
import { Reference } from "./reference.mjs";
import { Clock, Quota, Rules } from "./rules.mjs";
import { examplesIn, refusalsOf, resolve } from "./schema.mjs";
import { Session } from "./session.mjs";
import { bindShortcuts } from "./shortcuts.mjs";
import { firstSteps, showStart } from "./start.mjs";
import { Tabs } from "./tabs.mjs";
import { currentTheme, nextTheme } from "./theme.mjs";
import { World } from "./world.mjs";
import { bindWorlds } from "./worlds.mjs";

const session = new Session(location, history, sessionStorage);
const controlBase = location.href
  .replace(/\/[^/]*$/, "")
  .replace(/[#?].*$/, "")
  .replace(/\/$/, "");
const control = new Control(controlBase, session);

bindTheme();
bindWorlds(control);
find("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  session.token = find("token").value;
  open();
});
open();

/** Ask the mock for its facts, then show the page, or ask the user for the token. */
async function open() {
  let info;
  try {
    info = await control.get("/info", { key: null });
    if (!session.key) session.choose(info.key.example);
    const [api, own] = await Promise.all([readDocument(), control.get("/control.yaml", { key: null })]);
    show(info, { api, control: own });
    find("token-form").hidden = true;
  } catch (error) {
    if (error.status === 403) {
      find("token-form").hidden = false;
      find("pulse").textContent = "closed";
      find("token").focus();
      if (session.token) trouble(error);
    } else {
      trouble(error);
    }
  }
}

/** Read the effective document of the world, with its answers to open questions. */
function readDocument() {
  return control.get("/openapi.yaml");
}

function show(info, documents) {
  const place = { base: location.origin + info.base_path, controlBase, session };
  const schemas = documents.control.components.schemas;
  const world = new World(control);
  const clock = new Clock(control);
  const overview = new Overview();
  const questions = new Questions(control);
  const coverage = new Coverage(control);
  const reference = new Reference(place, (id) => {
    tabs.go("tab-questions");
    questions.open(id);
  });
  const panels = [
    overview,
    clock,
    new Handlers(
      control,
      [...new Set(info.operations.map(({ resource }) => resource))],
      examplesIn(documents.control, "replace_state"),
    ),
    new Quota(control),
    new Rules(control, resolve(documents.control, schemas.WorldRules)),
    new Faults(control, {
      info,
      refusals: refusalsOf(documents.api),
      order: schemas.FaultOrder,
      presets: examplesIn(documents.control, "arm_fault"),
    }),
  ];
  const journal = bindJournal(world, place, () => documents.api);
  const tabs = new Tabs((pane) => {
    if (pane === "coverage") refresh(coverage);
  });
  let read = null; // the answers that the document was read for, null before the first state

  clock.ticked = () => overview.tick(clock.now);
  showStart(info, documents.api, place);
  reference.load(documents);
  world.addEventListener("pulse", ({ detail }) => showPulse(detail));
  world.addEventListener("exchanges", () => {
    if (find("coverage").classList.contains("shown")) refresh(coverage);
  });
  world.addEventListener("state", async () => {
    for (const panel of panels) panel.show(world.state);
    const wanted = JSON.stringify([session.key, world.state.answers]);
    if (wanted === read) return;
    const first = read === null;
    read = wanted;
    if (!first) {
      await attempt(async () => {
        documents.api = await readDocument();
        reference.load(documents);
      });
    }
    await refresh(questions);
  });
  bindWorld(world, info.key.example, () => {
    showStart(info, documents.api, place);
    refresh(coverage);
  });
  bindKeys(tabs, journal);
  world.begin();
}

function refresh(part) {
  return attempt(() => part.load());
}

/** Follow the world that the field or the address names, while the window is visible. */
function bindWorld(world, otherwise, changed) {
  const field = find("key");
  const begin = () => {
    field.value = session.key;
    withdrawOffer();
    changed();
    world.begin();
  };
  field.value = session.key;
  find("world-form").addEventListener("submit", (event) => {
    event.preventDefault();
    session.choose(field.value.trim() || otherwise);
    begin();
  });
  addEventListener("hashchange", () => {
    if (session.read()) begin();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? world.stop() : world.resume()));
}

function bindJournal(world, place, api) {
  const lobby = find("lobby");
  const shown = () => lobby.getAttribute("aria-pressed") === "true";
  const close = () => {
    journal.choose(null);
    journal.focus();
  };
  const journal = new Journal(
    (exchange) => {
      const detail = find("exchange");
      detail.hidden = exchange === null;
      find("split").classList.toggle("open", exchange !== null);
      const whole = () => world.whole(exchange, shown());
      if (exchange)
        fill(detail, exchangeView(exchange, { close, whole, origin: location.origin, key: place.session.key }));
      detail.scrollTop = 0;
    },
    () => (shown() ? h("p", "All requests so far had a valid key.") : firstSteps(api(), place)),
  );
  const total = () => (shown() ? world.lobbyTotal : world.total);
  const begin = () => journal.begin(shown() ? world.lobby : world.exchanges, total());
  lobby.addEventListener("click", () => {
    lobby.setAttribute("aria-pressed", String(!shown()));
    begin();
  });
  find("clear").addEventListener("click", () => attempt(() => control.send("DELETE", "/journal")));
  world.addEventListener("begin", begin);
  world.addEventListener("exchanges", ({ detail }) => {
    if (!shown()) journal.add(detail);
  });
  world.addEventListener("lobby", ({ detail }) => {
    if (shown()) journal.add(detail);
  });
  world.addEventListener("state", () => {
    find("lobby-count").textContent = world.lobbyTotal.toLocaleString("en");
    journal.count(total());
  });
  return journal;
}

let loss = null;

function showPulse(error) {
  const pulse = find("pulse");
  if (loss?.sentence !== error?.message) {
    loss?.close();
    loss = error && { sentence: error.message, close: trouble(error) };
  }
  pulse.textContent = error ? "lost" : "live";
  pulse.title = error ? error.message : "What happens in the world shows at once.";
  pulse.classList.toggle("bad", error !== null);
}

function bindTheme() {
  const button = find("theme");
  const say = (theme) => {
    button.textContent = `Theme: ${theme}`;
  };
  say(currentTheme());
  button.addEventListener("click", () => say(nextTheme()));
}

function bindKeys(tabs, journal) {
  bindShortcuts([
    ...tabs.ids.map((id, at) => ({
      key: String(at + 1),
      does: `Go to ${find(id).firstChild.textContent.trim()}`,
      act: () => tabs.go(id),
    })),
    { key: "j", does: "Next exchange", act: () => journal.step(1) },
    { key: "k", does: "Exchange before", act: () => journal.step(-1) },
    {
      key: "/",
      does: "Filter the journal",
      act: () => {
        tabs.choose("tab-journal");
        find("sieve").focus();
      },
    },
    { key: "w", does: "Choose a world", act: () => find("key").select() },
    { key: "t", does: "Next theme", act: () => find("theme").click() },
  ]);
}
