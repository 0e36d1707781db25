// @ts-check
import { actions, keys, menus, submenus, unavailable } from "./de/actions.js";

/** German. */
export const de = { actions, menus, submenus, unavailable, keys };
