// How answers are chosen and shown; remembered in this tab where it differs from the model's own.

const KEY = "friendbot.settings";
const SLIDERS = { temperature: "temperature", top_p: "top-p" };

export class Settings {
  /** Wires the controls of the settings dialog; `own` is the model's decoding. */
  constructor(own, storage) {
    this.own = own;
    this.storage = storage;
    this.chosen = JSON.parse(storage.getItem(KEY)) ?? {};
    this.instant = document.getElementById("instant");
    this.reset = document.getElementById("own");
    for (const [name, id] of Object.entries(SLIDERS)) {
      const slider = document.getElementById(id);
      slider.max = Math.max(slider.max, own[name]);
      slider.addEventListener("input", () => this.choose(name, Number(slider.value)));
    }
    this.instant.addEventListener("change", () => this.choose("instant", this.instant.checked));
    this.reset.addEventListener("click", () => {
      for (const name of Object.keys(SLIDERS)) delete this.chosen[name];
      this.show();
    });
    this.show();
  }

  choose(name, value) {
    this.chosen[name] = value;
    if (value === (this.own[name] ?? false)) delete this.chosen[name];
    this.show();
  }

  show() {
    this.storage.setItem(KEY, JSON.stringify(this.chosen));
    for (const [name, id] of Object.entries(SLIDERS)) {
      const value = this.chosen[name] ?? this.own[name];
      document.getElementById(id).value = value;
      const own = name in this.chosen ? "" : " (the model’s own)";
      document.getElementById(`${id}-value`).textContent = value.toFixed(2) + own;
    }
    this.instant.checked = this.chosen.instant ?? false;
    this.reset.disabled = !Object.keys(SLIDERS).some((name) => name in this.chosen);
  }
}
