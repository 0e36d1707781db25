//! What the user has set, as the page sees it.

use serde::{Deserialize, Serialize};

use crate::preferences::Preferences;

const MIB: u64 = 1 << 20;

/// Everything that the page may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PreferencesMessage {
    /// In bytes; null is what the machine has.
    memory_budget: Option<u64>,
    /// The same on the graphics card.
    graphics_budget: Option<u64>,
    /// In minutes; 0 is never.
    unload_after: u32,
    keep_in_tray: bool,
    pub(crate) start_at_login: bool,
    /// A model's id.
    preload: Option<String>,
}

/// What is set, and what the system can do of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreferencesReply {
    #[serde(flatten)]
    pub(crate) preferences: PreferencesMessage,
    /// Why the settings of the file are not used, if they are not.
    pub(crate) problem: Option<String>,
    /// Whether there can be an icon in the panel.
    pub(crate) has_tray: bool,
}

impl PreferencesMessage {
    pub(crate) fn new(preferences: Preferences, start_at_login: bool) -> Self {
        let bytes = |mib: Option<u64>| mib.map(|mib| mib * MIB);
        Self {
            memory_budget: bytes(preferences.memory_budget_mib),
            graphics_budget: bytes(preferences.graphics_memory_budget_mib),
            unload_after: preferences.unload_after_minutes,
            keep_in_tray: preferences.keep_in_tray,
            start_at_login,
            preload: preferences.preload,
        }
    }

    /// The same as it is kept; what the page does not see stays as it was.
    pub(crate) fn kept(self, before: Preferences) -> Preferences {
        // A budget is never rounded to none.
        let mib = |bytes: Option<u64>| bytes.map(|bytes| bytes.div_ceil(MIB));
        Preferences {
            memory_budget_mib: mib(self.memory_budget),
            graphics_memory_budget_mib: mib(self.graphics_budget),
            unload_after_minutes: self.unload_after,
            keep_in_tray: self.keep_in_tray,
            preload: self.preload,
            ..before
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_changes_is_kept_and_what_it_does_not_see_stays() {
        let before = Preferences {
            memory_budget_mib: Some(512),
            tray_explained: true,
            ..Preferences::default()
        };
        let mut message = PreferencesMessage::new(before.clone(), true);
        assert_eq!(message.memory_budget, Some(512 << 20));
        assert_eq!(message.clone().kept(before.clone()), before);
        message.memory_budget = Some(1);
        message.preload = Some("starter".into());
        let kept = message.kept(before);
        assert_eq!((kept.memory_budget_mib, kept.tray_explained), (Some(1), true));
        assert_eq!(kept.preload.as_deref(), Some("starter"));
    }
}
