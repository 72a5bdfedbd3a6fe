//! [`Cells`] on Redis: a hash for each, with the version (`v`) and the value (`d`).

use std::time::Duration;

use outboard_store::{BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version};
use redis::Value;

use crate::{
    keys::{Names, hex},
    link::{Link, is_half_moved, unexpected},
    random,
    script::{CELL_DELETE, CELL_GET, CELL_PUT},
    time::millis,
    value::{bytes, list_of, number},
};

/// The adapter. Each operation is one command.
#[derive(Clone, Debug)]
pub(crate) struct RedisCells {
    pub(crate) link: Link,
    pub(crate) names: Names,
    pub(crate) value_bytes_max: usize,
}

impl RedisCells {
    async fn put(
        &self,
        key: CellKey,
        expected: Option<Version>,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Put, StoreError> {
        let bytes_max = self.value_bytes_max;
        if value.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: value.len(), bytes_max });
        }
        let version = Version::from_u64(random::u64());
        let expected = expected.map(to_text).unwrap_or_default();
        let (new, life) = (to_text(version), millis(ttl).to_string());
        let arguments = [expected.as_bytes(), new.as_bytes(), value, life.as_bytes()];
        let (answer, _) = self.link.run(&CELL_PUT, &[self.names.cell(key)], &arguments).await?;
        match number(answer)? {
            0 => Ok(Put::Unchanged),
            1 => Ok(Put::Stored(version)),
            _ => Err(unexpected()),
        }
    }
}

impl Cells for RedisCells {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        Box::pin(async move {
            let (answer, _) = self.link.run(&CELL_GET, &[self.names.cell(key)], &[]).await?;
            let [found] = list_of(answer)?;
            cell(key, found)
        })
    }

    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        Box::pin(async move {
            if first.owner != second.owner {
                // They may stand on different nodes of a Cluster.
                return Ok([self.get(first).await?, self.get(second).await?]);
            }
            let keys = [first, second].map(|key| self.names.cell(key));
            let answer = match self.link.run(&CELL_GET, &keys, &[]).await {
                // While their slot moves, one may be here and the other there.
                Err(error) if is_half_moved(&error) => return Ok([self.get(first).await?, self.get(second).await?]),
                answer => answer?.0,
            };
            let [one, two] = list_of(answer)?;
            Ok([cell(first, one)?, cell(second, two)?])
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Box::pin(self.put(key, None, value, ttl))
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Box::pin(self.put(key, Some(version), value, ttl))
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let (answer, _) = self.link.run(&CELL_DELETE, &[self.names.cell(key)], &[]).await?;
            Ok(number(answer)? > 0)
        })
    }

    fn value_bytes_max(&self) -> usize {
        self.value_bytes_max
    }
}

/// The cell whose version and value were found. One that nobody of us put there counts as absent.
fn cell(key: CellKey, answer: Value) -> Result<Option<Cell>, StoreError> {
    let [version, value] = list_of(answer)?;
    let (version, value) = (bytes(version)?, bytes(value)?);
    if version.is_none() && value.is_none() {
        return Ok(None);
    }
    let (Some(version), Some(value)) = (version.as_deref().and_then(from_text), value) else {
        tracing::warn!(kind = key.kind, "a value in Redis is none of ours: it is taken for absent");
        return Ok(None);
    };
    Ok(Some(Cell { value, version }))
}

fn to_text(version: Version) -> String {
    hex(&version.as_u64().to_be_bytes())
}

/// Reads what [`to_text`] wrote, and nothing else.
fn from_text(text: &[u8]) -> Option<Version> {
    let number = u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()?;
    let version = Version::from_u64(number);
    (to_text(version).as_bytes() == text).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_text() {
        for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            let version = Version::from_u64(number);
            assert_eq!(from_text(to_text(version).as_bytes()), Some(version), "{number}");
        }
        let cases = [
            "",
            "1",
            "+000000000000001",
            "000000000000000A",
            "00000000000000001",
            "000000000000000g",
            "000000000000001 ",
        ];
        for case in cases {
            assert_eq!(from_text(case.as_bytes()), None, "{case:?}");
        }
    }
}
