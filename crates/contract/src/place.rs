//! Where in its file something is declared.

use protox::prost_reflect::prost_types::FileDescriptorProto;

/// Line and column, the first of each 1, of what has that path in its file's descriptor;
/// the file's beginning if that is not known.
#[must_use]
pub fn place(file: &FileDescriptorProto, path: &[i32]) -> (usize, usize) {
    let mut all = file.source_code_info.iter().flat_map(|it| &it.location);
    let span = all.find(|it| it.path == path).map(|it| &it.span[..]);
    let number = |at: i32| usize::try_from(at).unwrap_or_default() + 1;
    match span {
        Some([line, column, ..]) => (number(*line), number(*column)),
        _ => (1, 1),
    }
}
