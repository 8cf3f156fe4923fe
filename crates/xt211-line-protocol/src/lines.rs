//! Lines for the client of InfluxDB 2.

use std::io;

use influxdb2::models::WriteDataPoint;

/// Encoded lines, each with its newline, that [`influxdb2::Client::write`] passes on untouched.
///
/// ```no_run
/// use influxdb2::Client;
/// use xt211_line_protocol::Lines;
///
/// # async fn forward() -> Result<(), influxdb2::RequestError> {
/// let client = Client::new("http://localhost:8086", "home", "token");
/// let lines = String::from("home_energy,meter=5100025085 1_8_0=7369.066 1771705629000000000\n");
/// client.write("energy", futures_util::stream::iter([Lines(lines)])).await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines<T>(
    /// The text of the lines.
    pub T,
);

impl<T: AsRef<str>> WriteDataPoint for Lines<T> {
    fn write_data_point_to<W: io::Write>(&self, mut writer: W) -> io::Result<()> {
        writer.write_all(self.0.as_ref().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_passed_on_untouched() {
        let lines = "m a=1 0\nm,t=a\\ b a=\"x\\\\y\" 1\n";
        let mut written = Vec::new();
        Lines(lines).write_data_point_to(&mut written).unwrap();
        Lines(String::from(lines)).write_data_point_to(&mut written).unwrap();
        assert_eq!(written, lines.repeat(2).as_bytes());
    }
}
