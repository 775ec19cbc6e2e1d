//! Messages in a body: gRPC puts five bytes before each, four of them its size.

const PREFIX: usize = 5;

/// Follows the messages of one body, however its chunks are cut.
#[derive(Debug, Default)]
pub struct Frames {
    prefix: [u8; PREFIX],
    have: usize,
    left: usize,
}

impl Frames {
    /// Reports the size of each message that begins in `chunk`.
    pub fn observe(&mut self, mut chunk: &[u8], mut message: impl FnMut(u64)) {
        loop {
            let skipped = self.left.min(chunk.len());
            self.left -= skipped;
            chunk = &chunk[skipped..];
            if chunk.is_empty() {
                return;
            }
            let taken = (PREFIX - self.have).min(chunk.len());
            self.prefix[self.have..self.have + taken].copy_from_slice(&chunk[..taken]);
            self.have += taken;
            chunk = &chunk[taken..];
            if self.have < PREFIX {
                return;
            }
            self.have = 0;
            let [_, a, b, c, d] = self.prefix;
            let size = u32::from_be_bytes([a, b, c, d]);
            self.left = size as usize;
            message(u64::from(size));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_chunks_are_cut() {
        let mut body = Vec::new();
        let sizes = [0_u32, 1, 5, 300, 0, 7];
        for size in sizes {
            body.push(0);
            body.extend(size.to_be_bytes());
            body.extend(vec![0xff; size as usize]);
        }
        for chunk in 1..=body.len() {
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for chunk in body.chunks(chunk) {
                frames.observe(chunk, |size| seen.push(size));
            }
            assert_eq!(seen, sizes.map(u64::from), "chunks of {chunk}");
        }
    }
}
