//! `stack.xml`: the tree, top first.

use std::borrow::Cow;

use document::{Blend, Content, Document, Layer};
use quick_xml::{
    Reader, Writer, XmlVersion,
    events::{BytesDecl, BytesStart, Event},
};

use crate::{Error, MAX_DEPTH, MAX_LAYERS, check_canvas, modes};

/// Under which name an element says which entry of our settings is its own.
const TAG: &str = "asset-editor:id";
const NAMESPACE: (&str, &str) = ("xmlns:asset-editor", "urn:veetance:asset-editor");

/// The tree as the file has it.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Pixels per inch.
    pub(crate) resolution: Option<f64>,
    /// Top first.
    pub(crate) nodes: Vec<Node>,
    /// Elements that are none of OpenRaster's, in plain words.
    pub(crate) notes: Vec<String>,
}

/// A layer, or a group with its children top first.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) attributes: Attributes,
    pub(crate) children: Option<Vec<Self>>,
}

/// What an element says of its layer.
#[derive(Debug)]
pub(crate) struct Attributes {
    pub(crate) name: String,
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) opacity: u8,
    pub(crate) visible: bool,
    pub(crate) composite_op: String,
    pub(crate) isolate: bool,
    pub(crate) edit_locked: bool,
    pub(crate) src: Option<String>,
    pub(crate) tag: Option<u32>,
}

impl Attributes {
    fn read(element: &BytesStart<'_>) -> Result<Self, Error> {
        let mut attributes = Self {
            name: String::new(),
            x: 0,
            y: 0,
            opacity: 255,
            visible: true,
            composite_op: "svg:src-over".into(),
            isolate: false,
            edit_locked: false,
            src: None,
            tag: None,
        };
        for (key, value) in pairs(element)? {
            match &*key {
                "name" => attributes.name = value,
                "x" => attributes.x = whole(&value),
                "y" => attributes.y = whole(&value),
                "opacity" => {
                    let opacity = value.trim().parse().unwrap_or(1.0);
                    attributes.opacity = (f64::clamp(opacity, 0.0, 1.0) * 255.0).round() as u8;
                }
                "visibility" => attributes.visible = value != "hidden",
                "composite-op" => attributes.composite_op = value,
                "isolation" => attributes.isolate = value == "isolate",
                "edit-locked" => attributes.edit_locked = value == "true",
                "src" => attributes.src = Some(value),
                TAG => attributes.tag = value.parse().ok().filter(|tag| *tag != 0),
                _ => {}
            }
        }
        Ok(attributes)
    }
}

/// A whole number; programs also write `12.0`.
fn whole(value: &str) -> i32 {
    value.trim().parse::<f64>().map_or(0, |number| number.round() as i32)
}

fn pairs(element: &BytesStart<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(Error::damaged)?;
        // Only the five entities of XML and numbers are known: nothing expands.
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .unwrap_or(Cow::Borrowed(&*attribute.value));
        pairs.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(pairs)
}

/// Reads `stack.xml`.
///
/// # Errors
/// If it is no XML, has no canvas, or is deeper or longer than any real one.
pub(crate) fn read(text: &str) -> Result<Stack, Error> {
    let mut reader = Reader::from_str(text);
    let mut stack = Stack::default();
    let mut open: Vec<Node> = Vec::new();
    let mut has_root = false;
    let mut has_image = false;
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(Error::damaged)?;
        let (element, is_open) = match &event {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(end) => {
                if end.local_name().as_ref() == "stack" {
                    close(&mut open, &mut stack);
                }
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        match element.local_name().as_ref() {
            "image" => {
                has_image = true;
                for (key, value) in pairs(element)? {
                    match &*key {
                        "w" => stack.width = u32::try_from(whole(&value)).unwrap_or(0),
                        "h" => stack.height = u32::try_from(whole(&value)).unwrap_or(0),
                        "xres" => stack.resolution = value.trim().parse().ok(),
                        _ => {}
                    }
                }
            }
            kind @ ("stack" | "layer") => {
                count += 1;
                if count > MAX_LAYERS + 1 {
                    return Err(Error::TooLarge(format!("more than {MAX_LAYERS} layers")));
                }
                if open.len() > MAX_DEPTH {
                    let reason = format!("more than {MAX_DEPTH} groups within each other");
                    return Err(Error::TooLarge(reason));
                }
                let children = (kind == "stack").then(Vec::new);
                let is_root = kind == "stack" && open.is_empty();
                if is_root && has_root {
                    return Err(Error::Damaged("it has two trees of layers".into()));
                }
                has_root |= is_root;
                let node = Node { attributes: Attributes::read(element)?, children };
                if kind == "stack" {
                    open.push(node);
                    if !is_open {
                        close(&mut open, &mut stack);
                    }
                } else if let Some(parent) = open.last_mut() {
                    parent.children.get_or_insert_default().push(node);
                }
            }
            other if !open.is_empty() => {
                stack.notes.push(format!("`{}` cannot be shown and was left out", plain(other)));
                if is_open {
                    let end = element.to_end().into_owned();
                    reader.read_to_end(end.name()).map_err(Error::damaged)?;
                }
            }
            _ => {}
        }
        if stack.notes.len() > 20 {
            stack.notes.truncate(20);
        }
    }
    if !has_image || !has_root || !open.is_empty() {
        return Err(Error::Damaged(format!("`{}` is not whole", crate::STACK)));
    }
    check_canvas(stack.width, stack.height)?;
    Ok(stack)
}

/// The innermost group is complete; the outermost is the canvas itself.
fn close(open: &mut Vec<Node>, stack: &mut Stack) {
    let Some(node) = open.pop() else { return };
    match open.last_mut() {
        Some(parent) => parent.children.get_or_insert_default().push(node),
        None => stack.nodes = node.children.unwrap_or_default(),
    }
}

/// Writes the tree of a document whose layers are numbered.
///
/// # Errors
/// If memory does not suffice.
pub(crate) fn write(document: &Document) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let resolution = document.resolution.round().max(1.0).to_string();
    let (width, height) = (document.width.to_string(), document.height.to_string());
    let image = BytesStart::new("image").with_attributes([
        ("version", "0.0.6"),
        ("w", &*width),
        ("h", &*height),
        ("xres", &*resolution),
        ("yres", &*resolution),
        NAMESPACE,
    ]);
    let stack = BytesStart::new("stack");
    writer.write_event(Event::Start(image.borrow()))?;
    writer.write_event(Event::Start(stack.borrow()))?;
    for layer in document.layers.iter().rev() {
        write_layer(&mut writer, layer)?;
    }
    writer.write_event(Event::End(stack.to_end()))?;
    writer.write_event(Event::End(image.to_end()))?;
    Ok(writer.into_inner())
}

fn write_layer(writer: &mut Writer<Vec<u8>>, layer: &Layer) -> Result<(), Error> {
    let name = plain(&layer.name);
    // Rounded up, since Krita cuts what it multiplies by 255.
    let opacity = (f64::from(layer.opacity) / 255.0 * 1e6).ceil() / 1e6;
    let (opacity, id) = (opacity.to_string(), layer.id.to_string());
    let mut attributes = vec![
        ("name", &*name),
        ("opacity", &*opacity),
        ("visibility", if layer.visible { "visible" } else { "hidden" }),
        ("composite-op", modes::name(layer.blend, layer.clipping)),
        (TAG, &*id),
    ];
    if layer.lock.pixels {
        attributes.push(("edit-locked", "true"));
    }
    match &layer.content {
        Content::Group(group) => {
            attributes.push(("isolation", isolation(layer.blend)));
            let element = BytesStart::new("stack").with_attributes(attributes);
            writer.write_event(Event::Start(element.borrow()))?;
            for child in group.children.iter().rev() {
                write_layer(writer, child)?;
            }
            writer.write_event(Event::End(element.to_end()))?;
        }
        Content::Pixels(pixels) => {
            let src = layer_path(layer.id);
            let (x, y) = (pixels.x.to_string(), pixels.y.to_string());
            attributes.extend([("x", &*x), ("y", &*y), ("src", &*src)]);
            let element = BytesStart::new("layer").with_attributes(attributes);
            writer.write_event(Event::Empty(element))?;
        }
    }
    Ok(())
}

fn isolation(blend: Blend) -> &'static str {
    if blend == Blend::PassThrough { "auto" } else { "isolate" }
}

/// Where the pixels of a layer lie.
pub(crate) fn layer_path(id: u32) -> String {
    format!("data/layer-{id:03}.png")
}

/// A name as XML can hold it: control characters become spaces.
pub(crate) fn plain(name: &str) -> String {
    let is_unfit =
        |character: char| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}');
    name.replace(is_unfit, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opacity_survives_programs_that_round_and_programs_that_cut() {
        for opacity in 0..=255_u8 {
            let text = ((f64::from(opacity) / 255.0 * 1e6).ceil() / 1e6).to_string();
            let value: f64 = text.parse().expect("a number");
            assert_eq!((value * 255.0) as u8, opacity);
            assert_eq!((value * 255.0).round() as u8, opacity);
        }
    }

    #[test]
    fn entities_are_not_expanded() {
        let text = r#"<!DOCTYPE image [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
            <image w="1" h="1"><stack><layer name="&b;" src="a.png"/></stack></image>"#;
        let stack = read(text).expect("the tree is whole");
        assert_eq!(stack.nodes[0].attributes.name, "&b;");
    }

    #[test]
    fn trees_that_are_not_whole_are_refused() {
        for text in [
            "",
            "<image w='1' h='1'>",
            "<image w='1' h='1'><stack>",
            "<image w='1' h='1'/>",
            "<image><stack/></image>",
            "<image w='0' h='5'><stack/></image>",
            "<image w='-1' h='5'><stack/></image>",
            "<image w='999999' h='5'><stack/></image>",
            "<image w='200000' h='200000'><stack/></image>",
            "<image w='1' h='1'><stack></layer></image>",
            "<image w='1' h='1'><stack/><stack/></image>",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let deep = format!("<image w='1' h='1'>{}</image>", "<stack>".repeat(200_000));
        assert!(read(&deep).is_err());
        let long =
            format!("<image w='1' h='1'><stack>{}</stack></image>", "<layer/>".repeat(30_000));
        assert!(read(&long).is_err());
    }
}
