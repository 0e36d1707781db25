//! Every panel and state that the window can show, and how to get there.

use crate::browser::Page;

/// What is done to get into a state.
pub(crate) enum Step {
    Click(&'static str),
    /// Writes a prompt and makes a picture.
    Make(&'static str),
    /// Runs a script in the page.
    Run(&'static str),
    Wait(&'static str),
    /// What the native menu sends.
    Menu(&'static str),
}

use Step::{Click, Make, Menu, Run, Wait};

pub(crate) struct State {
    pub(crate) name: &'static str,
    /// Steer `mock.js`.
    pub(crate) options: &'static str,
    pub(crate) steps: &'static [Step],
}

const PROMPT: Step =
    Run("const p = document.querySelector('#prompt'); p.value = 'a red potion in a round bottle';
     p.dispatchEvent(new Event('input', { bubbles: true }))");
const LAYERS: Step = Wait("document.querySelectorAll('#layers [data-layer-id]').length === 4");

pub(crate) const STATES: &[State] = &[
    State { name: "start", options: "stepMs=1&recent=1", steps: &[] },
    State {
        name: "picture",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Make("a green gem"),
            Click("#tab-edit"),
            Click("#reference-from-layer"),
        ],
    },
    State {
        name: "layers",
        options: "stepMs=1&open=/home/artist/hero.psd",
        steps: &[Click("#open"), LAYERS, Click("[data-layer-id='5'] .layer-select")],
    },
    State {
        name: "history",
        options: "stepMs=1&open=/home/artist/hero.psd",
        steps: &[
            Make("a red gem"),
            Click("#open"),
            LAYERS,
            Click("[data-layer-id='3'] .layer-eye"),
            Click("[data-layer-id='5'] .layer-select"),
            Menu("view.history"),
        ],
    },
    State {
        name: "painting",
        options: "stepMs=1&hold=1",
        steps: &[
            PROMPT,
            Click("#generate"),
            Wait("document.querySelector('#job-text').textContent.includes('2')"),
        ],
    },
    State {
        name: "failed",
        options: "stepMs=1&fail=out_of_memory|Not enough memory for 128 × 128. Try 64 × 64.",
        steps: &[PROMPT, Click("#generate"), Wait("document.querySelector('#error').textContent")],
    },
    State {
        name: "engine-failed",
        options: "stepMs=1&engine=failed&open=/home/artist/hero.psd",
        steps: &[],
    },
    State { name: "no-models", options: "stepMs=1&models=none", steps: &[] },
    State {
        name: "incomplete-model",
        options: "stepMs=1",
        steps: &[Run(
            "const m = document.querySelector('#model'); m.value = 'broken'; m.dispatchEvent(new Event('change'))",
        )],
    },
    State {
        name: "base-model",
        options: "stepMs=1",
        // Not by the mouse, which would scroll there.
        steps: &[Run(
            "const m = document.querySelector('#model'); m.value = 'klein-base'; m.dispatchEvent(new Event('change')); document.querySelector('#reuse').click()",
        )],
    },
    State {
        name: "split",
        options: "stepMs=1&open=/home/artist/hero.png",
        steps: &[Click("#open"), Wait("!document.querySelector('#split').hidden")],
    },
    State {
        name: "splitting",
        options: "stepMs=1&hold=1&open=/home/artist/hero.png",
        steps: &[
            Click("#open"),
            Click("#split-start"),
            Wait("document.querySelectorAll('#split-layers li').length === 4"),
        ],
    },
    State {
        name: "split-result",
        options: "stepMs=1&report=failing&open=/home/artist/hero.png",
        steps: &[
            Click("#open"),
            Click("#split-start"),
            Wait("document.querySelector('#split-keep').checkVisibility()"),
        ],
    },
    State {
        name: "recovery",
        options: "stepMs=1&recovered=1",
        steps: &[Wait("document.querySelector('#recovery')")],
    },
    State {
        name: "notes",
        options: "stepMs=1&open=/home/artist/hero.psd&notes=A text layer was turned into pixels.|An effect was left out.",
        steps: &[Click("#open"), Wait("document.querySelector('#notice').textContent")],
    },
    State {
        name: "palette",
        options: "stepMs=1",
        steps: &[
            Menu("help.palette"),
            Run(
                "const i = document.querySelector('#palette-input'); i.value = 'se'; i.dispatchEvent(new Event('input'))",
            ),
        ],
    },
    State {
        name: "models",
        options: "stepMs=1&hold=1&catalogue=1",
        steps: &[
            Menu("model.manage"),
            Wait("document.querySelectorAll('#models-offered li').length === 2"),
            Click("#get-klein-4b"),
            Click("#licence-agree"),
            Click("#licence-get"),
            Wait(
                "document.querySelector('[data-model=klein-4b] .model-bar').getAttribute('aria-valuenow') === '13'",
            ),
        ],
    },
    State {
        name: "loras",
        options: "stepMs=1",
        steps: &[
            Wait("document.querySelector('#lora-add')"),
            Run(
                "const m = document.querySelector('#model'); m.value = 'klein-base'; m.dispatchEvent(new Event('change'))",
            ),
            Wait("document.querySelector('#lora-add').options.length === 3"),
            Run(
                "const l = document.querySelector('#lora-add'); l.value = l.options[1].value; l.dispatchEvent(new Event('change'))",
            ),
            Wait("document.querySelector('.lora')"),
        ],
    },
    State {
        name: "licence",
        options: "stepMs=1",
        steps: &[
            Menu("model.manage"),
            Wait("document.querySelectorAll('#models-offered li').length === 2"),
            Click("#get-klein-9b"),
        ],
    },
    State { name: "shortcuts", options: "stepMs=1", steps: &[Menu("help.shortcuts")] },
    State { name: "new-document", options: "stepMs=1", steps: &[Menu("file.new")] },
    State {
        name: "export",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Click("#export"),
            Wait("document.querySelector('#export-dialog').open"),
        ],
    },
    State {
        name: "unsaved",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Run("__MOCK__.emit('close-requested')"),
            Wait("document.querySelector('#unsaved-dialog').open"),
        ],
    },
    State {
        name: "recent",
        options: "stepMs=1&recent=1",
        steps: &[Menu("file.open-recent"), Wait("document.querySelector('#recent-dialog').open")],
    },
    State {
        name: "brush",
        options: "stepMs=1",
        steps: &[Make("a red gem"), Menu("tool.brush"), Menu("view.rulers")],
    },
    State {
        name: "mask",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Menu("layer.mask-add"),
            Wait("document.querySelector('#layers .layer-mask')"),
            Menu("tool.eraser"),
        ],
    },
    State {
        name: "transform",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Menu("edit.transform"),
            Wait("document.querySelector('#transform-apply')?.checkVisibility()"),
        ],
    },
    State { name: "crop", options: "stepMs=1", steps: &[Make("a red gem"), Menu("tool.crop")] },
    State { name: "colour", options: "stepMs=1", steps: &[Make("a red gem"), Menu("tool.colour")] },
    State {
        name: "repaint",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Menu("tool.select-rect"),
            Menu("select.all"),
            Click("#tab-repaint"),
            Wait("document.querySelector('#repaint-selected').checkVisibility()"),
        ],
    },
    State {
        name: "extend",
        options: "stepMs=1",
        steps: &[Make("a red gem"), Click("#tab-extend")],
    },
    State {
        name: "variations",
        options: "stepMs=1",
        steps: &[
            PROMPT,
            Run(
                "const f = document.querySelector('#batch'); f.value = 3; f.dispatchEvent(new Event('input')); f.dispatchEvent(new Event('change'))",
            ),
            Click("#generate"),
            Wait("document.querySelectorAll('.variation[role=option]').length === 3"),
        ],
    },
    State {
        name: "queue",
        options: "stepMs=1&hold=1",
        steps: &[
            PROMPT,
            Click("#generate"),
            Wait("!document.querySelector('#cancel').hidden"),
            Click("#generate"),
            Wait("document.querySelectorAll('#queue li').length === 1"),
        ],
    },
    State {
        name: "runs",
        options: "stepMs=1",
        steps: &[
            Make("a red gem"),
            Run("document.querySelector('#runs-fold').open = true"),
            Wait("document.querySelectorAll('.run').length === 1"),
        ],
    },
    State {
        name: "machine",
        options: "stepMs=1&gpu=1",
        steps: &[
            Make("a red gem"),
            Menu("view.machine"),
            Wait("document.querySelectorAll('#machine-charts .gauge').length === 5"),
        ],
    },
    State {
        name: "machine-without-card",
        options: "stepMs=1",
        steps: &[
            Click("#gauges"),
            Wait("document.querySelectorAll('#machine-charts .gauge').length === 3"),
        ],
    },
    State {
        name: "refused",
        options: "stepMs=1&budget=0.4",
        steps: &[PROMPT, Wait("document.querySelector('#forecast-size')")],
    },
    State { name: "settings", options: "stepMs=1", steps: &[Menu("edit.settings")] },
    State {
        name: "stays-in-tray",
        options: "stepMs=1",
        steps: &[Run("__MOCK__.emit('stays-in-tray')")],
    },
    State { name: "about", options: "stepMs=1", steps: &[Menu("help.about")] },
];

impl State {
    /// Brings an open browser into this state, in a language.
    pub(crate) async fn show(&self, page: &Page, language: &str) {
        // What is kept from one start to the next.
        page.run("localStorage.clear()").await;
        page.visit(&format!("{}&language={language}", self.options)).await;
        page.wait("!document.querySelector('#splash')").await;
        for step in self.steps {
            match step {
                Click(selector) => page.click(selector).await,
                Make(prompt) => page.make(prompt).await,
                Run(script) => drop(page.run(script).await),
                Wait(expression) => page.wait(expression).await,
                Menu(action) => drop(page.run(&format!("__MOCK__.emit('menu', '{action}')")).await),
            }
        }
        page.drawn().await;
    }
}
