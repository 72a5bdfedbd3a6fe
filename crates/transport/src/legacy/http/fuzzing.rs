//! The reader of event ids as one plain function, for the fuzz targets.

use super::event_id::EventId;

/// Reads an event id and writes the line of an event that holds it; `None` when the text is no event id.
#[must_use]
pub fn event_id_line(text: &[u8]) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    EventId::parse(text)?.write(&mut line);
    Some(line)
}
