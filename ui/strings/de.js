// @ts-check
import { actions, keys, menus, submenus, unavailable } from "./de/actions.js";
import { documentTabs, history, layersPanel } from "./de/layers.js";

/** German. */
export const de = { actions, menus, submenus, unavailable, keys, layersPanel, history, documentTabs };
