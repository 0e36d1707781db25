//! Builds files of kinds that the writer does not make.

/// The parts of a file; what is left empty is written empty.
#[derive(Clone, Default)]
pub(crate) struct File {
    pub(crate) mode: u16,
    pub(crate) bits: u16,
    pub(crate) channels: u16,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) table: Vec<u8>,
    pub(crate) resources: Vec<(u16, Vec<u8>)>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) has_alpha: bool,
    pub(crate) blocks: Vec<u8>,
    /// With its compression.
    pub(crate) merged: Vec<u8>,
}

/// A record; the rectangle is top, left, bottom and right.
#[derive(Clone, Default)]
pub(crate) struct Layer {
    pub(crate) rect: [i32; 4],
    /// Numbers, and bytes with their compression.
    pub(crate) channels: Vec<(i16, Vec<u8>)>,
    pub(crate) mask: Vec<u8>,
    pub(crate) name: &'static [u8],
    pub(crate) blocks: Vec<u8>,
}

impl File {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"8BPS\0\x01\0\0\0\0\0\0".to_vec();
        bytes.extend(self.channels.to_be_bytes());
        bytes.extend(self.height.to_be_bytes());
        bytes.extend(self.width.to_be_bytes());
        bytes.extend(self.bits.to_be_bytes());
        bytes.extend(self.mode.to_be_bytes());
        bytes.extend(counted(&self.table));
        let resource = |(id, content): &(u16, Vec<u8>)| {
            let mut resource = b"8BIM".to_vec();
            resource.extend(id.to_be_bytes());
            resource.extend([0, 0]);
            resource.extend(counted(content));
            resource.resize(resource.len().next_multiple_of(2), 0);
            resource
        };
        bytes.extend(counted(&self.resources.iter().flat_map(resource).collect::<Vec<u8>>()));
        bytes.extend(counted(&self.section()));
        bytes.extend(&self.merged);
        bytes
    }

    fn section(&self) -> Vec<u8> {
        if self.layers.is_empty() && self.blocks.is_empty() {
            return Vec::new();
        }
        let mut section = counted(&self.info());
        section.extend([0; 4]);
        section.extend(&self.blocks);
        section
    }

    fn info(&self) -> Vec<u8> {
        if self.layers.is_empty() {
            return Vec::new();
        }
        let count = self.layers.len() as i16;
        let mut info = if self.has_alpha { -count } else { count }.to_be_bytes().to_vec();
        for layer in &self.layers {
            info.extend(layer.record());
        }
        for (_, channel) in self.layers.iter().flat_map(|layer| &layer.channels) {
            info.extend(channel);
        }
        info
    }
}

impl Layer {
    fn record(&self) -> Vec<u8> {
        let mut record: Vec<u8> = self.rect.iter().flat_map(|edge| edge.to_be_bytes()).collect();
        record.extend((self.channels.len() as u16).to_be_bytes());
        for (number, bytes) in &self.channels {
            record.extend(number.to_be_bytes());
            record.extend((bytes.len() as u32).to_be_bytes());
        }
        record.extend(b"8BIMnorm\xff\0\x08\0");
        let mut rest = counted(&self.mask);
        rest.extend([0; 4]);
        rest.push(self.name.len() as u8);
        rest.extend(self.name);
        rest.resize(rest.len().next_multiple_of(4), 0);
        rest.extend(&self.blocks);
        record.extend(counted(&rest));
        record
    }
}

/// A length of 4 bytes, and the bytes.
pub(crate) fn counted(content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32).to_be_bytes().to_vec();
    bytes.extend(content);
    bytes
}

/// A tagged block.
pub(crate) fn block(key: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = b"8BIM".to_vec();
    bytes.extend(key);
    bytes.extend(counted(content));
    bytes
}

/// Raw bytes of a channel, with their compression.
pub(crate) fn raw(content: &[u8]) -> Vec<u8> {
    [&[0, 0], content].concat()
}

/// Deflated bytes of a channel, with their compression: 2 for values, 3 for differences.
pub(crate) fn zipped(compression: u8, content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(vec![0, compression], Default::default());
    std::io::Write::write_all(&mut encoder, content).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}
