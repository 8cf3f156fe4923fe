//! One line, in the order its parts must come.
//!
//! ```text
//! line = measurement *( "," tag-key "=" tag-value )
//!        " " field-key "=" field-value *( "," field-key "=" field-value ) " " timestamp "\n"
//! ```

use std::marker::PhantomData;

use time::OffsetDateTime;

use crate::{
    Element, ErrorKind, FieldValue, LineError, Measurement, draft::Draft, escape, set,
    value::push_integer,
};

/// The [times] that InfluxDB can store, in nanoseconds since 1970: from
/// 1677-09-21T00:12:43.145224194Z to 2262-04-11T23:47:16.854775806Z.
///
/// [times]: https://www.influxdata.com/tldr-influxdb-tech-tips-november-10-2016/
const TIMES: std::ops::RangeInclusive<i64> = i64::MIN + 2..=i64::MAX - 1;

/// A line that is being written at the end of a buffer; [`Measurement::line`] begins one.
///
/// The types see to the order: tags, at least one field, and a time, which ends the line. After
/// an error, or when a line is dropped before its time, the buffer is as it was before.
///
/// ```
/// use xt211_line_protocol::{ErrorKind, Measurement};
///
/// let mut lines = String::new();
/// let cpu = Measurement::new("cpu")?;
/// cpu.line(&mut lines)
///     .tag("host", "a b")?
///     .field("load", 0.5)?
///     .field("throttled", false)?
///     .timestamp(1_771_705_629_000_000_000)?;
/// assert_eq!(lines, "cpu,host=a\\ b load=0.5,throttled=false 1771705629000000000\n");
///
/// let error = cpu.line(&mut lines).field("load", f64::NAN).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFinite);
/// assert_eq!(lines.lines().count(), 1);
/// # Ok::<(), xt211_line_protocol::LineError>(())
/// ```
///
/// A line without a field has no time:
///
/// ```compile_fail
/// # use xt211_line_protocol::Measurement;
/// # let mut lines = String::new();
/// Measurement::STATUS.line(&mut lines).tag("meter", "1")?.timestamp(0)?;
/// # Ok::<(), xt211_line_protocol::LineError>(())
/// ```
///
/// and after a field there is no tag:
///
/// ```compile_fail
/// # use xt211_line_protocol::Measurement;
/// # let mut lines = String::new();
/// Measurement::STATUS.line(&mut lines).field("wakeups", 1.0)?.tag("meter", "1")?;
/// # Ok::<(), xt211_line_protocol::LineError>(())
/// ```
#[derive(Debug)]
#[must_use = "a line is taken back unless it ends with a time"]
pub struct LineBuilder<'b, S> {
    draft: Draft<'b>,
    /// Where the tag set or, after the first field, the field set begins, with its separator.
    set: usize,
    state: PhantomData<S>,
}

/// State of a [`LineBuilder`] that takes tags and the first field.
#[derive(Clone, Copy, Debug)]
pub enum AfterMeasurement {}

/// State of a [`LineBuilder`] that takes more fields and the time.
#[derive(Clone, Copy, Debug)]
pub enum AfterFields {}

impl<'b> LineBuilder<'b, AfterMeasurement> {
    pub(crate) fn begin(buffer: &'b mut String, measurement: &Measurement) -> Self {
        let draft = Draft::new(buffer);
        measurement.push(draft.buffer);
        Self { set: draft.buffer.len(), draft, state: PhantomData }
    }

    /// Adds a tag. An empty value means no tag, since there is no other way to write it.
    ///
    /// Databases are a little faster when tags come sorted by key.
    ///
    /// # Errors
    ///
    /// A key that is empty or reserved, a key or value with a control character or a backslash
    /// that servers read differently, a key that is there already.
    pub fn tag(self, key: &str, value: &str) -> Result<Self, LineError> {
        escape::check(Element::TagValue, value)?;
        self.push_tag(key, value, escape::push_key)
    }

    /// Adds a tag whose value comes from elsewhere and must not stop the line: each control
    /// character, and each backslash that servers read differently, becomes `_`.
    ///
    /// # Errors
    ///
    /// A key that is empty or reserved, that has a control character or a backslash that servers
    /// read differently, or that is there already.
    pub fn tag_lossy(self, key: &str, value: &str) -> Result<Self, LineError> {
        self.push_tag(key, value, escape::push_tag_value_lossy)
    }

    /// Adds the first field.
    ///
    /// # Errors
    ///
    /// Those of [`field`](LineBuilder#method.field-1) for the others.
    pub fn field<'v>(
        self,
        key: &str,
        value: impl Into<FieldValue<'v>>,
    ) -> Result<LineBuilder<'b, AfterFields>, LineError> {
        self.end_tags().field(key, value)
    }

    /// Adds fields of which it is not known how many there are.
    ///
    /// ```
    /// use xt211_line_protocol::{ErrorKind, FieldValue, Measurement};
    ///
    /// let mut lines = String::new();
    /// let (voltage, soc) = (Some(3.783), None::<f64>);
    /// let fields = [("battery_voltage", voltage), ("battery_soc", soc)];
    /// let known = fields.iter().filter_map(|(key, value)| Some((*key, (*value)?)));
    /// Measurement::STATUS.line(&mut lines).fields(known)?.timestamp(0)?;
    /// assert_eq!(lines, "xt211_status battery_voltage=3.783 0\n");
    ///
    /// let none: [(&str, FieldValue); 0] = [];
    /// let error = Measurement::STATUS.line(&mut lines).fields(none).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NoFields);
    /// # Ok::<(), xt211_line_protocol::LineError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// No field at all, and those of [`field`](LineBuilder#method.field-1).
    pub fn fields<'v, K, V>(
        self,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Result<LineBuilder<'b, AfterFields>, LineError>
    where
        K: AsRef<str>,
        V: Into<FieldValue<'v>>,
    {
        let line = fields
            .into_iter()
            .try_fold(self.end_tags(), |line, (key, value)| line.field(key.as_ref(), value))?;
        line.check_fields()?;
        Ok(line)
    }

    /// Adds the first tag, whose key has nothing special, as [`tag_lossy`](Self::tag_lossy) does.
    pub(crate) fn push_tag_lossy(self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.draft.buffer.push(',');
            self.draft.buffer.push_str(key);
            self.draft.buffer.push('=');
            escape::push_tag_value_lossy(self.draft.buffer, value);
        }
        self
    }

    /// Turns to the fields, of which there are none yet: they are checked for at the end.
    pub(crate) fn end_tags(self) -> LineBuilder<'b, AfterFields> {
        LineBuilder { set: self.draft.buffer.len(), draft: self.draft, state: PhantomData }
    }

    fn push_tag(
        mut self,
        key: &str,
        value: &str,
        push_value: fn(&mut String, &str),
    ) -> Result<Self, LineError> {
        escape::check(Element::TagKey, key)?;
        if value.is_empty() {
            return Ok(self);
        }
        self.draft.buffer.push(',');
        self.push_new_key(Element::TagKey, key)?;
        self.draft.buffer.push('=');
        push_value(self.draft.buffer, value);
        Ok(self)
    }
}

impl LineBuilder<'_, AfterFields> {
    /// Adds a field.
    ///
    /// # Errors
    ///
    /// A key that is empty or reserved, that has a control character, a quote, or a backslash
    /// that servers read differently, or that is there already; a float that is not finite.
    pub fn field<'v>(
        mut self,
        key: &str,
        value: impl Into<FieldValue<'v>>,
    ) -> Result<Self, LineError> {
        escape::check(Element::FieldKey, key)?;
        self.push_separator();
        self.push_new_key(Element::FieldKey, key)?;
        self.push_value(value.into())
            .map_err(|kind| LineError::new(kind, Element::FieldValue, key))?;
        Ok(self)
    }

    /// Ends the line with a time in nanoseconds since 1970 (UTC).
    ///
    /// # Errors
    ///
    /// The first two numbers and the last one of an `i64`, which InfluxDB uses for itself.
    pub fn timestamp(self, nanoseconds: i64) -> Result<(), LineError> {
        self.check_fields()?;
        if !TIMES.contains(&nanoseconds) {
            return Err(out_of_range(nanoseconds));
        }
        self.draft.buffer.push(' ');
        push_integer(self.draft.buffer, nanoseconds);
        self.draft.buffer.push('\n');
        self.draft.keep();
        Ok(())
    }

    /// Ends the line with a time.
    ///
    /// # Errors
    ///
    /// A time that InfluxDB cannot store: before 1677-09-21T00:12:43.145224194Z or after
    /// 2262-04-11T23:47:16.854775806Z.
    pub fn time(self, time: OffsetDateTime) -> Result<(), LineError> {
        let (seconds, fraction) = (time.unix_timestamp(), i64::from(time.nanosecond()));
        let usual = seconds.checked_mul(1_000_000_000).and_then(|it| it.checked_add(fraction));
        // The first second there is begins before the first time.
        match usual.or_else(|| time.unix_timestamp_nanos().try_into().ok()) {
            Some(nanoseconds) => self.timestamp(nanoseconds),
            None => Err(out_of_range(time)),
        }
    }

    /// Where fields can be appended that are known to be valid and new, each behind its separator:
    /// a space before the first, a comma before the others.
    pub(crate) fn buffer(&mut self) -> &mut String {
        self.draft.buffer
    }

    fn push_separator(&mut self) {
        let first = self.draft.buffer.len() == self.set;
        self.draft.buffer.push(if first { ' ' } else { ',' });
    }

    fn push_value(&mut self, value: FieldValue<'_>) -> Result<(), ErrorKind> {
        self.draft.buffer.push('=');
        value.push(self.draft.buffer)
    }

    fn check_fields(&self) -> Result<(), LineError> {
        if self.draft.buffer.len() == self.set {
            Err(LineError::new(ErrorKind::NoFields, Element::FieldSet, ""))
        } else {
            Ok(())
        }
    }
}

fn out_of_range(time: impl ToString) -> LineError {
    LineError::new(ErrorKind::Time, Element::Timestamp, time.to_string())
}

impl<S> LineBuilder<'_, S> {
    /// Writes a checked key behind its separator, unless the set has one like it.
    fn push_new_key(&mut self, element: Element, key: &str) -> Result<(), LineError> {
        let end = self.draft.buffer.len();
        escape::push_key(self.draft.buffer, key);
        // Cannot fail: both are where something ended.
        let (before, written) = self.draft.buffer.split_at_checked(end).unwrap_or_default();
        let set = before.get(self.set..).unwrap_or_default();
        if set::has_key(set, written, element == Element::FieldKey) {
            return Err(LineError::new(ErrorKind::Duplicate, element, key));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    type Line<'b> = LineBuilder<'b, AfterMeasurement>;

    /// What is built behind another line, or why nothing is.
    fn built(
        build: impl FnOnce(Line<'_>) -> Result<(), LineError>,
    ) -> Result<String, (ErrorKind, Element)> {
        const BEFORE: &str = "x x=1 1\n";
        let mut buffer = String::from(BEFORE);
        let result = build(Measurement::new("m").unwrap().line(&mut buffer));
        let line = buffer.strip_prefix(BEFORE).unwrap().to_owned();
        assert_eq!(result.is_err(), line.is_empty());
        result.map(|()| line).map_err(|error| (error.kind(), error.element()))
    }

    fn line(build: impl FnOnce(Line<'_>) -> Result<(), LineError>) -> String {
        built(build).unwrap()
    }

    fn failure(build: impl FnOnce(Line<'_>) -> Result<(), LineError>) -> (ErrorKind, Element) {
        built(build).unwrap_err()
    }

    #[test]
    fn lines() {
        assert_eq!(line(|m| m.field("a", 1.0)?.timestamp(0)), "m a=1 0\n");
        assert_eq!(line(|m| m.tag("t", "v")?.field("a", 1.0)?.timestamp(-1)), "m,t=v a=1 -1\n");
        assert_eq!(
            line(|m| m
                .tag("t", "1")?
                .tag("u", "2")?
                .field("a", 1.0)?
                .field("b", "2")?
                .timestamp(0)),
            "m,t=1,u=2 a=1,b=\"2\" 0\n"
        );
        assert_eq!(line(|m| m.fields([("a", 1.0), ("b", 2.0)])?.timestamp(0)), "m a=1,b=2 0\n");
    }

    #[test]
    fn tags() {
        let tag = |value| line(|m| m.tag("t", value)?.field("a", 1.0)?.timestamp(0));
        assert_eq!(tag(""), "m a=1 0\n");
        assert_eq!(tag("a,b"), "m,t=a\\,b a=1 0\n");
        let lossy = |value| line(|m| m.tag_lossy("t", value)?.field("a", 1.0)?.timestamp(0));
        assert_eq!(lossy(""), "m a=1 0\n");
        assert_eq!(lossy("a,b\n"), "m,t=a\\,b_ a=1 0\n");
    }

    #[test]
    fn times() {
        let time = |time| built(|m| m.field("a", 1.0)?.time(time));
        assert_eq!(
            time(datetime!(2026-02-21 21:27:09 +01:00)).as_deref(),
            Ok("m a=1 1771705629000000000\n")
        );
        assert!(time(datetime!(1677-09-21 00:12:43.145224194 UTC)).is_ok());
        assert!(time(datetime!(2262-04-11 23:47:16.854775806 UTC)).is_ok());
        let out_of_range = Err((ErrorKind::Time, Element::Timestamp));
        assert_eq!(time(datetime!(1677-09-21 00:12:43.145224193 UTC)), out_of_range);
        assert_eq!(time(datetime!(2262-04-11 23:47:16.854775807 UTC)), out_of_range);
        assert_eq!(time(datetime!(9999-12-31 23:59:59 UTC)), out_of_range);
    }

    #[test]
    fn failures() {
        let tag = |key, value| failure(|m| m.tag(key, value)?.field("a", 1.0)?.timestamp(0));
        assert_eq!(tag("", "v"), (ErrorKind::Empty, Element::TagKey));
        assert_eq!(tag("time", ""), (ErrorKind::Reserved, Element::TagKey));
        assert_eq!(tag("t", "a\nb"), (ErrorKind::Control, Element::TagValue));
        assert_eq!(tag("t", "a\\"), (ErrorKind::Backslash, Element::TagValue));
        let lossy = |key| failure(|m| m.tag_lossy(key, "v")?.field("a", 1.0)?.timestamp(0));
        assert_eq!(lossy("a\nb"), (ErrorKind::Control, Element::TagKey));
        let field =
            |key, value: f64| failure(|m| m.field("a", 1.0)?.field(key, value)?.timestamp(0));
        assert_eq!(field("a\"b", 1.0), (ErrorKind::Quote, Element::FieldKey));
        assert_eq!(field("b", f64::NAN), (ErrorKind::NotFinite, Element::FieldValue));
        let none: [(&str, f64); 0] = [];
        assert_eq!(
            failure(|m| m.fields(none)?.timestamp(0)),
            (ErrorKind::NoFields, Element::FieldSet)
        );
        assert_eq!(
            failure(|m| m.end_tags().timestamp(0)),
            (ErrorKind::NoFields, Element::FieldSet)
        );
    }

    #[test]
    fn duplicates() {
        let tags = |m: Line<'_>| m.tag("t=", "1")?.tag("t=", "2")?.field("a", 1.0)?.timestamp(0);
        assert_eq!(failure(tags), (ErrorKind::Duplicate, Element::TagKey));
        let fields = |m: Line<'_>| m.field("a b", ",")?.field("a b", 2.0)?.timestamp(0);
        assert_eq!(failure(fields), (ErrorKind::Duplicate, Element::FieldKey));
        let both = |m: Line<'_>| m.tag("t", "1")?.field("t", 1.0)?.timestamp(0);
        assert_eq!(line(both), "m,t=1 t=1 0\n");
        // A quote begins a string in a field, and nothing in a tag.
        let in_string = |m: Line<'_>| m.field("a", ",b=1,")?.field("b", 2.0)?.timestamp(0);
        assert_eq!(line(in_string), "m a=\",b=1,\",b=2 0\n");
        let behind_quote = |m: Line<'_>| {
            m.tag("t", "\"")?.tag("u", "1")?.tag("u", "2")?.field("a", 1.0)?.timestamp(0)
        };
        assert_eq!(failure(behind_quote), (ErrorKind::Duplicate, Element::TagKey));
    }

    #[test]
    fn unfinished_lines_are_taken_back() {
        let mut buffer = String::from("ž\n");
        let measurement = Measurement::new("m").unwrap();
        drop(measurement.line(&mut buffer));
        drop(measurement.line(&mut buffer).tag("t", "v").unwrap());
        drop(measurement.line(&mut buffer).tag("t", "v").unwrap().field("a", 1.0).unwrap());
        assert_eq!(buffer, "ž\n");
    }
}
