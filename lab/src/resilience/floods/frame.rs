//! Frames of HTTP/2 (RFC 9113, 4.1), with no rule against wrong ones.

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

pub(super) const HEADER_TABLE_SIZE: u16 = 1;
pub(super) const INITIAL_WINDOW_SIZE: u16 = 4;

/// Appends a frame.
pub(super) fn push(to: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_be_bytes()[1..]);
    to.extend_from_slice(&[kind, flags]);
    to.extend_from_slice(&stream.to_be_bytes());
    to.extend_from_slice(payload);
}

/// Appends `SETTINGS`.
pub(super) fn settings(to: &mut Vec<u8>, values: &[(u16, u32)]) {
    let mut payload = Vec::new();
    for (name, value) in values {
        payload.extend_from_slice(&name.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    push(to, SETTINGS, 0, 0, &payload);
}

/// A header block (RFC 7541) of a call to `path`; no table is used.
pub(super) fn request(path: &str) -> Vec<u8> {
    // `:method: POST` and `:scheme: http` have places in the static table.
    let mut block = vec![0x83, 0x86];
    literal(&mut block, ":path", path);
    literal(&mut block, ":authority", "localhost");
    literal(&mut block, "content-type", "application/grpc");
    literal(&mut block, "te", "trailers");
    block
}

/// Appends a field that enters no table.
pub(super) fn literal(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    text(block, name);
    text(block, value);
}

/// Appends a field that enters the dynamic table.
pub(super) fn indexed(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0x40);
    text(block, name);
    text(block, value);
}

fn text(block: &mut Vec<u8>, text: &str) {
    // An integer with a prefix of seven bits (RFC 7541, 5.1).
    let mut rest = text.len();
    if rest < 127 {
        block.extend(u8::try_from(rest));
    } else {
        block.push(127);
        rest -= 127;
        while rest >= 128 {
            block.extend(u8::try_from(rest % 128 + 128));
            rest /= 128;
        }
        block.extend(u8::try_from(rest));
    }
    block.extend_from_slice(text.as_bytes());
}
