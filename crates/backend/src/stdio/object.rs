//! JSON objects for children, written member by member: what is passed on keeps its bytes.

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Object(Vec<u8>);

impl Object {
    pub(super) fn new() -> Self {
        Self(vec![b'{'])
    }

    /// One that was written elsewhere and gets further members; what is no object becomes an empty one.
    pub(super) fn reopened(mut object: Vec<u8>) -> Self {
        if object.pop() == Some(b'}') && object.first() == Some(&b'{') { Self(object) } else { Self::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    /// Adds a member. `value` is JSON.
    pub(super) fn member(&mut self, name: &str, value: &[u8]) {
        if !self.is_empty() {
            self.0.push(b',');
        }
        self.0.extend_from_slice(quoted(name).as_bytes());
        self.0.push(b':');
        self.0.extend_from_slice(value);
    }

    /// The same object with one more member, where there is a value.
    pub(super) fn with(mut self, name: &str, value: Option<&[u8]>) -> Self {
        if let Some(value) = value {
            self.member(name, value);
        }
        self
    }

    /// The same object with one more text, where there is one.
    pub(super) fn with_text(self, name: &str, text: Option<&str>) -> Self {
        self.with(name, text.map(quoted).as_ref().map(String::as_bytes))
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_as_they_were_given() {
        assert_eq!(Object::new().finish(), b"{}");
        let object = Object::new().with_text("a\"", Some("x\ny")).with("b", None).with("c", Some(b"1.50"));
        assert_eq!(object.finish(), br#"{"a\"":"x\ny","c":1.50}"#);
        for (object, expected) in [("{}", r#"{"b":2}"#), (r#"{"a":1}"#, r#"{"a":1,"b":2}"#), ("7", r#"{"b":2}"#)] {
            let object = Object::reopened(object.as_bytes().to_vec()).with("b", Some(b"2"));
            assert_eq!(object.finish(), expected.as_bytes());
        }
    }
}
