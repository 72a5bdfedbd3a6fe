//! Markdown tables with aligned columns.

/// One table; every row has as many cells as the head.
pub(crate) fn markdown<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        let title = head.get(column).map_or(0, |title| title.chars().count());
        cells.chain([title]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        cells.iter().zip(widths).fold(String::from("|"), |line, (cell, width)| format!("{line} {cell:width$} |"))
    };
    let rule = widths.iter().fold(String::from("|"), |line, width| format!("{line}{}|", "-".repeat(width + 2)));
    let body = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    [line(head), rule].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "µs 12".to_owned()], ["longer".to_owned(), "3".to_owned()]];
        assert_eq!(
            markdown(["name", "n"], &rows),
            "| name   | n     |\n|--------|-------|\n| a      | µs 12 |\n| longer | 3     |"
        );
    }
}
