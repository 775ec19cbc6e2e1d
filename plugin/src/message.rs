//! One field of a request's message, without its .proto.

/// Most bytes of a request that are waited for. What is larger passes, and the server
/// looks at it.
pub const MOST: usize = 64 << 10;

/// Whether the first message of `body` has a text in that field. `None`: more of it must
/// come to tell. `true` as well where it cannot be told here, because the message is
/// compressed, larger than [`MOST`] or malformed.
#[must_use]
pub fn has_text(body: &[u8], field: u32) -> Option<bool> {
    let (prefix, rest) = body.split_at_checked(5)?;
    let length = prefix[1..]
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    if prefix[0] != 0 || length > MOST {
        return Some(true);
    }
    let message = rest.get(..length)?;
    Some(find(message, field).unwrap_or(true))
}

/// `None` if it is malformed. Of several values the last one counts.
fn find(mut rest: &[u8], field: u32) -> Option<bool> {
    let (mut found, mut depth) = (false, 0_u32);
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        match key & 7 {
            0 => drop(varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                rest.get(..length)?;
                if depth == 0 && key >> 3 == u64::from(field) {
                    found = length > 0;
                }
                rest = &rest[length..];
            }
            3 => depth = depth.checked_add(1)?,
            4 => depth = depth.checked_sub(1)?,
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(found)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, more) = rest.split_first()?;
        *rest = more;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap_or_default();
        [&[0], &length.to_be_bytes()[..], message].concat()
    }

    #[test]
    fn a_text_is_found_behind_all_else() {
        let others = [
            0x10, 0x96, 0x01, // 2: a varint
            0x19, 1, 2, 3, 4, 5, 6, 7, 8, // 3: eight bytes
            0x25, 1, 2, 3, 4, // 4: four bytes
            0x2a, 3, 0x0a, 1, b'x', // 5: a message with a field 1
            0x33, 0x0a, 1, b'x', 0x34, // 6: a group with a field 1
        ];
        let with = |end: &[u8]| framed(&[&others[..], end].concat());
        assert_eq!(has_text(&with(&[]), 1), Some(false));
        assert_eq!(has_text(&with(&[0x0a, 0]), 1), Some(false));
        assert_eq!(has_text(&with(&[0x0a, 2, b'i', b'd']), 1), Some(true));
        assert_eq!(has_text(&with(&[0x0a, 1, b'i', 0x0a, 0]), 1), Some(false));
        let whole = with(&[0x0a, 1, b'i']);
        for end in 0..whole.len() {
            assert_eq!(has_text(&whole[..end], 1), None, "{end}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_the_servers() {
        assert_eq!(has_text(&[1, 0, 0, 0, 0], 1), Some(true));
        assert_eq!(has_text(&[0, 0xff, 0xff, 0xff, 0xff], 1), Some(true));
        for malformed in [&[0x0f][..], &[0x0a, 9, 1], &[0x34], &[0x80], &[0xff; 11]] {
            assert_eq!(has_text(&framed(malformed), 1), Some(true), "{malformed:?}");
        }
    }
}
