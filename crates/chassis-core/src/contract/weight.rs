//! What a message takes once it is decoded, from its bytes alone.

use super::{Content, Field, Shape};

/// As deep as prost goes.
const DEEPEST: usize = 100;
/// So many levels need no memory of their own: few messages are deeper.
const NEAR: usize = 4;
/// Fields of one message whose first element is told from others.
const TOLD_APART: usize = 64;

/// Weighs one message as its bytes arrive, in pieces of any size. What is no
/// message is weighed up to where it stops being one, as it is decoded.
#[derive(Debug)]
pub struct Scale {
    near: [Level; NEAR],
    far: Vec<Level>,
    depth: usize,
    /// How many bytes came.
    at: usize,
    /// How many are to come.
    len: usize,
    state: State,
    /// Of the number that is being read.
    value: u64,
    shift: u32,
    weight: usize,
}

/// A message within the message.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// `None` for what is skipped.
    shape: Option<&'static Shape>,
    /// Where it ends; a group ends with its end tag.
    end: usize,
    group: bool,
    /// Which fields were there, by their place in the shape.
    seen: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// A field's number and wire type come.
    Key,
    /// A number comes that is no length.
    Varint,
    /// The length of a field comes, perhaps of a known one.
    Length(Option<&'static Field>),
    /// So many bytes say nothing.
    Skip(usize),
    /// So many bytes are numbers, each of which takes so much.
    Packed(usize, usize),
    /// It is no message from here on.
    Broken,
}

impl Scale {
    /// For a message of `len` bytes.
    #[must_use]
    pub fn new(shape: &'static Shape, len: usize) -> Self {
        let root = Level {
            shape: Some(shape),
            end: len,
            group: false,
            seen: 0,
        };
        Self {
            near: [root; NEAR],
            far: Vec::new(),
            depth: 1,
            at: 0,
            len,
            state: State::Key,
            value: 0,
            shift: 0,
            weight: 0,
        }
    }

    /// Bytes that what came takes, at most.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Weighs what came next.
    pub fn add(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            bytes = match self.state {
                State::Broken => return,
                State::Skip(left) => &bytes[self.pass(left, bytes.len(), State::Skip)..],
                State::Packed(left, each) => {
                    let packed = |left| State::Packed(left, each);
                    let passed = self.pass(left, bytes.len(), packed);
                    // The last byte of each has no mark.
                    let numbers = bytes[..passed].iter().filter(|byte| **byte < 0x80).count();
                    self.weigh(numbers.saturating_mul(each));
                    &bytes[passed..]
                }
                State::Key | State::Varint | State::Length(_) => {
                    self.at += 1;
                    self.digit(*first);
                    rest
                }
            };
            self.leave();
        }
    }

    fn weigh(&mut self, bytes: usize) {
        self.weight = self.weight.saturating_add(bytes);
    }

    /// Passes what is there of the `left` bytes.
    fn pass(&mut self, left: usize, there: usize, more: impl Fn(usize) -> State) -> usize {
        let passed = left.min(there);
        self.at += passed;
        self.state = if passed == left {
            State::Key
        } else {
            more(left - passed)
        };
        passed
    }

    /// One more byte of a number.
    fn digit(&mut self, byte: u8) {
        if self.shift >= 70 {
            self.state = State::Broken;
            return;
        }
        if self.shift < 64 {
            self.value |= u64::from(byte & 0x7F) << self.shift;
        }
        self.shift += 7;
        if byte & 0x80 != 0 {
            return;
        }
        let value = self.value;
        (self.value, self.shift) = (0, 0);
        self.state = match self.state {
            State::Key => self.key(value),
            State::Length(field) => self.length(field, value),
            _ => State::Key,
        };
    }

    /// A field begins.
    fn key(&mut self, key: u64) -> State {
        let number = u32::try_from(key >> 3).unwrap_or(0);
        if number == 0 {
            return State::Broken;
        }
        match key & 7 {
            0 => {
                self.single(number);
                State::Varint
            }
            1 => {
                self.single(number);
                State::Skip(8)
            }
            2 => {
                let field = self.field(number);
                if let Some((place, field)) = field {
                    self.element(place, field);
                }
                State::Length(field.map(|(_, field)| field))
            }
            3 => {
                let field = self.field(number);
                if let Some((place, field)) = field {
                    self.element(place, field);
                }
                let shape = field.and_then(|(_, field)| field.content.shape());
                self.enter(shape, usize::MAX, true)
            }
            4 if self.top().group => {
                self.depth -= 1;
                State::Key
            }
            5 => {
                self.single(number);
                State::Skip(4)
            }
            _ => State::Broken,
        }
    }

    /// A number that is not packed.
    fn single(&mut self, number: u32) {
        if let Some((place, field)) = self.field(number) {
            self.element(place, field);
        }
    }

    /// The field's content begins.
    fn length(&mut self, field: Option<&'static Field>, length: u64) -> State {
        let Some(length) = usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.len.saturating_sub(self.at))
        else {
            return State::Broken;
        };
        match field.map(|field| (field.content, field.more)) {
            None => State::Skip(length),
            Some((Content::Bytes, _)) => {
                self.weigh(length);
                State::Skip(length)
            }
            Some((Content::Numbers(1), each)) => State::Packed(length, each),
            Some((Content::Numbers(size), each)) => {
                self.weigh((length / size.max(1)).saturating_mul(each));
                State::Skip(length)
            }
            Some((Content::Message(shape), _)) => self.enter(Some(shape), self.at + length, false),
        }
    }

    fn field(&mut self, number: u32) -> Option<(usize, &'static Field)> {
        let shape = self.top().shape?;
        let mut fields = shape.fields.iter().enumerate();
        fields.find(|(_, field)| field.number == number)
    }

    /// One more element of a field.
    fn element(&mut self, place: usize, field: &'static Field) {
        let level = self.top();
        let seen = if place < TOLD_APART { 1 << place } else { 0 };
        let first = level.seen & seen == 0;
        level.seen |= seen;
        self.weigh(if first { field.first } else { field.more });
    }

    fn top(&mut self) -> &mut Level {
        let top = self.depth - 1;
        if top < NEAR {
            &mut self.near[top]
        } else {
            &mut self.far[top - NEAR]
        }
    }

    fn enter(&mut self, shape: Option<&'static Shape>, end: usize, group: bool) -> State {
        if self.depth > DEEPEST {
            return State::Broken;
        }
        let level = Level {
            shape,
            end,
            group,
            seen: 0,
        };
        self.depth += 1;
        let top = self.depth - 1;
        if top < NEAR {
            self.near[top] = level;
        } else {
            self.far.truncate(top - NEAR);
            self.far.push(level);
        }
        State::Key
    }

    /// Leaves the messages that end here.
    fn leave(&mut self) {
        while matches!(self.state, State::Key) && self.shift == 0 && self.depth > 1 {
            let (at, level) = (self.at, *self.top());
            if level.group || at < level.end {
                return;
            }
            if at > level.end {
                self.state = State::Broken;
                return;
            }
            self.depth -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn field(number: u32, first: usize, more: usize, content: Content) -> Field {
        Field {
            number,
            first,
            more,
            content,
        }
    }

    static INNER: Shape = Shape {
        fields: &[field(1, 100, 50, Content::Bytes)],
    };
    static OUTER: Shape = Shape {
        fields: &[
            field(1, 1000, 500, Content::Message(&INNER)),
            field(2, 16, 8, Content::Numbers(1)),
            field(3, 32, 16, Content::Numbers(8)),
            field(4, 10, 10, Content::Bytes),
        ],
    };

    /// In pieces of every size the same.
    fn weigh(bytes: &[u8]) -> usize {
        let whole = OUTER.weigh(bytes);
        for size in 1..bytes.len() {
            let mut scale = Scale::new(&OUTER, bytes.len());
            for piece in bytes.chunks(size) {
                scale.add(piece);
            }
            assert_eq!(scale.weight(), whole, "pieces of {size}");
        }
        whole
    }

    #[test]
    fn each_element_counts_and_its_content() {
        for (bytes, expected) in [
            (&[][..], 0),
            (&[0x0A, 0], 1000),
            (&[0x0A, 0, 0x0A, 0, 0x0A, 0], 2000),
            // Within an element: what it has itself, begun anew in each.
            (&[0x0A, 2, 0x0A, 0, 0x0A, 4, 0x0A, 0, 0x0A, 0], 1750),
            (&[0x0A, 5, 0x0A, 3, 7, 7, 7], 1103),
            (&[0x22, 3, 7, 7, 7], 13),
            // Numbers, one by one and packed: of one byte, two and one.
            (&[0x10, 1, 0x10, 1], 24),
            (&[0x12, 4, 1, 0x80, 1, 1], 16 + 3 * 8),
            (
                &[0x1A, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                64,
            ),
            (&[0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0x0A, 0], 1032),
            // What is not known is skipped, groups too.
            (&[0x7A, 2, 0x0A, 0, 0x0A, 0], 1000),
            (&[0x7B, 0x0A, 0, 0x7C, 0x0A, 0], 1000),
            (&[0x0B, 0x0A, 0, 0x0C, 0x0A, 0], 1600),
        ] {
            assert_eq!(weigh(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_weighed_up_to_its_fault() {
        for fault in [
            &[0x07][..],
            &[0x00],
            &[0x0C],
            &[0x0A, 9],
            &[0x0A, 1, 0x22, 2, 0, 0],
            &[0xFF; 11],
        ] {
            let mut bytes = vec![0x0A, 0];
            bytes.extend_from_slice(fault);
            let weight = weigh(&bytes);
            bytes.extend([0x0A, 0].repeat(9));
            if fault != [0x0A, 9] {
                assert_eq!(weigh(&bytes), weight, "{fault:?}");
            }
        }
    }

    #[test]
    fn it_goes_as_deep_as_messages_go() {
        static DEEP: Shape = Shape {
            fields: &[field(1, 1, 1, Content::Message(&DEEP))],
        };
        let mut bytes = Vec::new();
        for _ in 0..60 {
            let mut outer = vec![0x0A, u8::try_from(bytes.len()).unwrap()];
            outer.append(&mut bytes);
            bytes = outer;
        }
        assert_eq!(DEEP.weigh(&bytes), 60);
        let groups = vec![0x0B; 10_000];
        assert!(DEEP.weigh(&groups) <= DEEPEST + 1);
    }
}
