//! A panel of the desktop that shows icons, as far as the message bus sees it: it takes icons in, reads their
//! menus and chooses items.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use zbus::{
    blocking::{Connection, connection},
    message::Header,
    zvariant::{OwnedValue, Value},
};

use crate::{desk::Desk, session::until};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// The bus name and the object of an icon.
type Place = (String, String);

pub(crate) struct Panel {
    bus: Connection,
    icons: Arc<Mutex<Vec<Place>>>,
}

struct Watcher {
    icons: Arc<Mutex<Vec<Place>>>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Programs give an object of theirs, or a bus name with the usual object.
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let place = if service.starts_with('/') {
            (sender, service.to_owned())
        } else {
            (service.to_owned(), "/StatusNotifierItem".to_owned())
        };
        self.icons.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let icons = self.icons.lock().unwrap_or_else(PoisonError::into_inner);
        icons.iter().map(|(name, object)| format!("{name}{object}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// An item of a menu.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    id: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
    pub(crate) items: Vec<Self>,
}

impl Panel {
    /// A panel on this desk; to be there before the app is.
    pub(crate) fn new(desk: &Desk) -> Self {
        let icons = Arc::new(Mutex::new(Vec::new()));
        let watcher = Watcher { icons: Arc::clone(&icons) };
        let bus = connection::Builder::address(desk.bus_address())
            .and_then(|builder| builder.serve_at("/StatusNotifierWatcher", watcher))
            .and_then(|builder| builder.name(WATCHER))
            .and_then(connection::Builder::build)
            .expect("a panel on the bus");
        Self { bus, icons }
    }

    pub(crate) fn has_icon(&self) -> bool {
        !self.icons.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The items of the app's menu, once its icon is there.
    pub(crate) fn menu(&self) -> Vec<Entry> {
        let arguments = (0, -1, Vec::<&str>::new());
        let (_, root): (u32, Layout) =
            until("the menu can be read", || self.call(MENU, "GetLayout", &arguments));
        root.2.iter().map(entry).collect()
    }

    /// The item at the end of a path of labels.
    pub(crate) fn find(&self, path: &[&str]) -> Option<Entry> {
        let mut items = self.menu();
        let mut found = None;
        for label in path {
            let entry = items.into_iter().find(|entry| entry.label == *label)?;
            items = entry.items.clone();
            found = Some(entry);
        }
        found
    }

    /// Chooses the item at the end of a path of labels.
    pub(crate) fn choose(&self, path: &[&str]) {
        let entry = until(&format!("{path:?} can be chosen"), || {
            self.find(path).filter(|entry| entry.enabled)
        });
        let arguments = (entry.id, "clicked", Value::I32(0), 0_u32);
        self.call::<()>(MENU, "Event", &arguments).expect("it is chosen");
    }

    fn call<T>(
        &self,
        interface: &str,
        method: &str,
        arguments: &(impl serde::Serialize + zbus::zvariant::DynamicType),
    ) -> Option<T>
    where
        T: serde::de::DeserializeOwned + zbus::zvariant::Type,
    {
        let icons = self.icons.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (name, object) = icons.last()?.clone();
        let property = self.bus.call_method(
            Some(name.as_str()),
            object.as_str(),
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &(ITEM, "Menu"),
        );
        let menu: OwnedValue = property.ok()?.body().deserialize().ok()?;
        let Value::ObjectPath(menu) = &*menu else { return None };
        let reply =
            self.bus.call_method(Some(name.as_str()), menu, Some(interface), method, arguments);
        reply.ok()?.body().deserialize().ok()
    }
}

/// An item, what it is like, and the items in it.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn entry(value: &OwnedValue) -> Entry {
    let Value::Structure(layout) = &**value else { panic!("no item of a menu: {value:?}") };
    let [Value::I32(id), Value::Dict(about), Value::Array(items)] = layout.fields() else {
        panic!("no item of a menu: {value:?}");
    };
    let items = items.iter().map(|item| {
        let Value::Value(item) = item else { panic!("no item of a menu: {item:?}") };
        entry(&item.try_to_owned().expect("no file is in it"))
    });
    Entry {
        id: *id,
        label: about.get(&"label").ok().flatten().unwrap_or_default(),
        enabled: about.get(&"enabled").ok().flatten().unwrap_or(true),
        items: items.collect(),
    }
}
