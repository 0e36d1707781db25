//! The recipes inside an XMP packet, beside whatever other programs wrote there.

/// The namespace of our one property.
const NAMESPACE: &str = "https://veetance.example/asset-editor/1.0/";
const PROPERTY: &str = "recipes";

const START: &str = concat!(
    "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n",
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n",
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n",
);
const RDF_END: &str = "</rdf:RDF>";
const END: &str = "\n</x:xmpmeta>\n<?xpacket end=\"w\"?>";

/// A packet with the recipes, added to a foreign one where there is one; none if there is nothing to say.
pub(crate) fn packet(foreign: Option<&[u8]>, recipes: Option<&str>) -> Option<Vec<u8>> {
    let Some(recipes) = recipes else { return foreign.map(<[u8]>::to_vec) };
    let ours = format!(
        "<rdf:Description rdf:about=\"\" xmlns:vae=\"{NAMESPACE}\"><vae:{PROPERTY}>{}</vae:{PROPERTY}></rdf:Description>\n",
        escape(recipes)
    );
    let foreign = foreign.and_then(|bytes| str::from_utf8(bytes).ok());
    let around = foreign.and_then(|text| text.rfind(RDF_END).map(|at| text.split_at(at)));
    let text = match around {
        Some((before, after)) => [before, &ours, after].concat(),
        None => [START, &ours, RDF_END, END].concat(),
    };
    Some(text.into_bytes())
}

/// Takes a packet apart: the recipes, and what else it says, if anything.
pub(crate) fn take(packet: &[u8]) -> (Option<String>, Option<Vec<u8>>) {
    let Some((text, found)) = str::from_utf8(packet).ok().and_then(|t| Some((t, find(t)?))) else {
        return (None, Some(packet.to_vec()));
    };
    let rest = [&text[..found.start], &text[found.end..]].concat();
    let rest = rest.replace(&found.empty_description, "");
    let says_more = rest.contains("<rdf:Description");
    (Some(unescape(found.value)), says_more.then(|| rest.into_bytes()))
}

struct Found<'a> {
    start: usize,
    end: usize,
    value: &'a str,
    /// What is left of our own description without its property.
    empty_description: String,
}

/// Finds the property as an element, as we write it, or as an attribute, as Photoshop rewrites it.
fn find(text: &str) -> Option<Found<'_>> {
    let declared = text.find(&format!("=\"{NAMESPACE}\""))?;
    let prefix = text[..declared].rsplit("xmlns:").next()?;
    if prefix.is_empty() || !prefix.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
        return None;
    }
    let empty_description = format!(
        "<rdf:Description rdf:about=\"\" xmlns:{prefix}=\"{NAMESPACE}\"></rdf:Description>\n"
    );
    let name = format!("{prefix}:{PROPERTY}");
    let (opening, closing) = (format!("<{name}>"), format!("</{name}>"));
    if let Some(start) = text.find(&opening) {
        let inside = start + opening.len();
        let length = text[inside..].find(&closing)?;
        let end = inside + length + closing.len();
        return Some(Found {
            start,
            end,
            value: &text[inside..inside + length],
            empty_description,
        });
    }
    let opening = format!("{name}=\"");
    let start = text.find(&opening)?;
    let inside = start + opening.len();
    let length = text[inside..].find('"')?;
    let value = &text[inside..inside + length];
    Some(Found { start, end: inside + length + 1, value, empty_description })
}

/// JSON as XML text; the two characters that XML forbids and JSON allows are written as JSON's escapes.
fn escape(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 8);
    for character in json.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\u{fffe}' => text.push_str("\\ufffe"),
            '\u{ffff}' => text.push_str("\\uffff"),
            _ => text.push(character),
        }
    }
    text
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('&');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let Some((entity, rest)) = part.split_once(';') else {
            plain.push('&');
            plain.push_str(part);
            continue;
        };
        match named(entity) {
            Some(character) => plain.push(character),
            None => plain.extend(["&", entity, ";"]),
        }
        plain.push_str(rest);
    }
    plain
}

fn named(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPES: &str = r#"{"version":1,"recipes":{"3":{"prompt":"a <b> & \"c\" 図 🦊"}}}"#;

    #[test]
    fn recipes_survive_alone() {
        let packet = packet(None, Some(RECIPES)).unwrap();
        assert_eq!(take(&packet), (Some(RECIPES.to_owned()), None));
    }

    #[test]
    fn recipes_survive_beside_what_others_wrote_and_are_not_written_twice() {
        let other = "<x:xmpmeta><rdf:RDF><rdf:Description dc:title=\"x\"/></rdf:RDF></x:xmpmeta>";
        let both = packet(Some(other.as_bytes()), Some(RECIPES)).unwrap();
        assert_eq!(take(&both), (Some(RECIPES.to_owned()), Some(other.as_bytes().to_vec())));
    }

    #[test]
    fn recipes_are_found_in_an_attribute() {
        let text = format!(
            "<rdf:RDF><rdf:Description xmlns:q=\"{NAMESPACE}\" q:recipes=\"{}\" dc:a=\"1\"/></rdf:RDF>",
            escape(RECIPES).replace(',', "&#x2C;")
        );
        let (recipes, rest) = take(text.as_bytes());
        assert_eq!(recipes.as_deref(), Some(RECIPES));
        assert!(!String::from_utf8(rest.unwrap()).unwrap().contains("q:recipes"));
    }

    #[test]
    fn a_packet_of_others_stays() {
        assert_eq!(take(b"<x/>"), (None, Some(b"<x/>".to_vec())));
        assert_eq!(take(b"\xff"), (None, Some(b"\xff".to_vec())));
        assert_eq!(packet(Some(b"<x/>"), None), Some(b"<x/>".to_vec()));
    }
}
