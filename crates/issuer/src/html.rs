//! The frame of every page, and how texts that others chose are put into it.

use std::fmt::Write;

/// A page: a heading and what is below it, which is markup already.
pub(crate) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\
         <footer><p>Outboard's development authorization server. Its sign-in asks for no password: never use it for \
         anything real.</p></footer>\n</main>\n</body>\n</html>\n"
    )
}

/// A text as markup: nothing of it is read as markup, or changes the direction of what stands around it.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character if is_invisible(character) => {
                // Writing to a string does not fail.
                let _ = write!(escaped, "[U+{:04X}]", u32::from(character));
            }
            character => escaped.push(character),
        }
    }
    escaped
}

/// A name that somebody chose for themselves: cut, and escaped.
pub(crate) fn escape_name(name: &str) -> String {
    let mut cut: String = name.chars().take(NAME_CHARS_MAX).collect();
    if name.chars().count() > NAME_CHARS_MAX {
        cut.push('…');
    }
    escape(&cut)
}

/// Controls, zero-width characters, and those that turn the direction of the text (Unicode TR 36 §2).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

const NAME_CHARS_MAX: usize = 64;

/// The one style sheet; the pages' policy names its digest.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fff;--line:#767680;--act:#0b57d0;--on-act:#fff;--warn:#8a4b00}\
@media (prefers-color-scheme:dark){:root{--ink:#e4e4e9;--paper:#141418;--line:#91919c;--act:#a8c7fa;--on-act:#062e6f;--warn:#ffb870}}\
body{margin:0;overflow-wrap:anywhere;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
main{max-width:34rem;margin:0 auto;padding:2rem 1rem}\
h1{font-size:1.5rem;line-height:1.25}\
h2{font-size:1.1rem}\
dt{font-weight:600}\
dd{margin:0 0 .75rem}\
.warning{border-left:.25rem solid var(--warn);padding-left:.75rem}\
button{font:inherit;padding:.6rem 1.2rem;margin:0 .5rem .5rem 0;border:1px solid var(--line);border-radius:.4rem;background:transparent;color:inherit;cursor:pointer}\
button.first{background:var(--act);border-color:var(--act);color:var(--on-act)}\
:focus-visible{outline:.2rem solid var(--act);outline-offset:.15rem}\
footer{margin-top:2rem;border-top:1px solid var(--line);font-size:.875rem}";

#[cfg(test)]
mod tests {
    use super::{escape, escape_name};

    #[test]
    fn nothing_of_a_text_is_markup() {
        let cases = [
            ("plain é 漢字", "plain é 漢字"),
            ("<script>\"'&", "&lt;script&gt;&quot;&#39;&amp;"),
            ("a\u{202e}b\u{2066}\u{200b}", "a[U+202E]b[U+2066][U+200B]"),
            ("tab\tnul\0", "tab[U+0009]nul[U+0000]"),
        ];
        for (text, expected) in cases {
            assert_eq!(escape(text), expected);
        }
    }

    #[test]
    fn long_names_are_cut_before_they_are_escaped() {
        assert_eq!(escape_name(&"<".repeat(64)), "&lt;".repeat(64));
        assert_eq!(escape_name(&"<".repeat(65)), format!("{}…", "&lt;".repeat(64)));
    }
}
