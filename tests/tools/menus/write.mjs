// Writes what the native menu is made of, from the page's table of actions and its words:
// node tests/tools/menus/write.mjs
import { writeFile } from "node:fs/promises";
import { nativeMenus, PLACE } from "./menus.mjs";

await writeFile(PLACE, await nativeMenus());
