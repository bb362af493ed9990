/** What a release's manifest says to the runtime. The city has checked it; what is odd here counts as not said. */

import { withoutExtension } from "./routes.js";

/** @typedef {{ page: string, text: string, icon: string | null, selectedIcon: string | null }} Tab */

export class Manifest {
  /** @param {Record<string, any>} raw  manifest.json */
  constructor(raw) {
    const { window = {}, city_tab_bar: bar, city_domains: domains } = raw;
    /** @type {string[]} */
    this.pages = raw.pages.map(withoutExtension);
    /** One page is a document that routes itself. */
    this.spa = this.pages.length === 1;
    this.window = {
      title: text(window.navigation_bar_title_text),
      front: window.navigation_bar_text_style === "black" ? "black" : "white",
      background: colour(window.navigation_bar_background_color) ?? "#000000",
      style: window.navigation_style === "custom" ? "custom" : "default",
    };
    this.pullDown = window.enable_pull_down_refresh === true;
    /** @type {Tab[]} */
    this.tabs = (bar?.items ?? []).map((tab) => ({
      page: withoutExtension(tab.page),
      text: text(tab.text),
      icon: tab.icon || null,
      selectedIcon: tab.icon_selected || tab.icon || null,
    }));
    /** @type {string[]} */
    this.connect = domains?.connect ?? [];
  }
}

const text = (value) => (typeof value === "string" ? value : "");
const colour = (value) => (/^#[0-9a-f]{6}$/i.test(value ?? "") ? value : null);
