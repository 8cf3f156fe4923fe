"""The questions that the dashboards ask, in InfluxQL and in Flux.

Both have the same ones, and name the columns of an answer as the fields are:

    latest(measurement, fields)       the last value of each, also from before what is shown
    age(measurement, field)           when the last one was; and which column of a panel says so
    mean(measurement, fields)         averages over what one pixel can show
    used(measurement, fields, every)  by how much counters rose in each period, by the last value in it
    rate(measurement, fields)         the same as an average power in W, between any two readings

What a period's first reading tells about the time before it counts in that period, so that nothing
is missing from their sum. A counter that fell (another meter) tells nothing.
"""


def textbox(name, label, value):
    """A variable that the reader types."""
    return {"type": "textbox", "name": name, "label": label, "query": value,
            "current": {"text": value, "value": value},
            "options": [{"selected": True, "text": value, "value": value}]}


class Language:
    """What both have in common. Variables are as Grafana fills them in."""

    home = "${measurement}"
    datasource = {"type": "influxdb", "uid": "${datasource}"}

    def source(self):
        """The variable that says where from. Compose's provisioning names them so."""
        uid = f"influxdb-{self.name.lower()}"
        return {"type": "datasource", "name": "datasource", "label": "Data source",
                "query": "influxdb", "regex": "", "refresh": 1,
                "current": {"text": f"InfluxDB ({self.name})", "value": uid}}

    def queried(self, name, label, query):
        """A variable whose values are in the database."""
        return {"type": "query", "name": name, "label": label, "query": query,
                "datasource": self.datasource, "refresh": 1, "sort": 1,
                "multi": False, "includeAll": False}

    def settings(self):
        """The variables that both have after those of their own."""
        return [textbox("measurement", "Measurement", "home_energy"),
                self.meters(),
                textbox("timezone", "Days of the time zone", "Europe/Prague")]


class InfluxQl(Language):
    """For InfluxDB 1.x, and 2.x with a mapping of the bucket (DBRP)."""

    name = "InfluxQL"

    def variables(self):
        return [self.source(), *self.settings()]

    def meters(self):
        query = 'SHOW TAG VALUES FROM "${measurement}" WITH KEY = "meter"'
        return self.queried("meter", "Meter", query)

    def latest(self, measurement, fields):
        return self.target(self.select(fields, "last({})"), measurement, when="")

    def age(self, measurement, field):
        # The time of a single last() is that of its point.
        target = self.target(f'last("{field}")', measurement, when="")
        return {**target, "resultFormat": "table"}, "/^Time$/"

    def mean(self, measurement, fields):
        return self.target(self.select(fields, "mean({})"), measurement,
                           "GROUP BY time($__interval) fill(none)")

    def used(self, measurement, fields, every):
        return self.target(self.select(fields, "non_negative_difference(last({}))"), measurement,
                           f"GROUP BY time({every}) fill(none) tz('${{timezone}}')")

    def rate(self, measurement, fields):
        rates = self.select(fields, "non_negative_derivative({}, 1h) * 1000")
        query = (f"SELECT {self.select(fields, 'mean({})')} FROM "
                 f"(SELECT {rates} FROM {self.points(measurement, '$timeFilter')}) "
                 f"WHERE $timeFilter GROUP BY time($__interval) fill(none)")
        return self.raw(query)

    @staticmethod
    def select(fields, function):
        columns = (f'"{field}"' for field in fields)
        return ", ".join(f"{function.format(column)} AS {column}" for column in columns)

    @staticmethod
    def points(measurement, when):
        only = " AND ".join(filter(None, ["\"meter\" = '${meter}'", when]))
        return f'"{measurement}" WHERE {only}'

    def target(self, select, measurement, group="", when="$timeFilter"):
        return self.raw(f"SELECT {select} FROM {self.points(measurement, when)} {group}".strip())

    def raw(self, query):
        return {"refId": "A", "datasource": self.datasource, "rawQuery": True,
                "resultFormat": "time_series", "alias": "$col", "query": query}


class Flux(Language):
    """For InfluxDB 2.x."""

    name = "Flux"

    # A column for each field, as InfluxQL answers.
    WIDE = """
  |> keep(columns: ["_time", "_field", "_value"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> sort(columns: ["_time"])"""

    def variables(self):
        buckets = ('buckets()\n  |> filter(fn: (r) => r.name !~ /^_/)\n'
                   '  |> keep(columns: ["name"])\n  |> rename(columns: {name: "_value"})')
        return [self.source(), self.queried("bucket", "Bucket", buckets), *self.settings()]

    def meters(self):
        query = ('import "influxdata/influxdb/schema"\n\n'
                 'schema.measurementTagValues(bucket: "${bucket}", '
                 'measurement: "${measurement}", tag: "meter", start: -1y)')
        return self.queried("meter", "Meter", query)

    def latest(self, measurement, fields):
        return self.target(self.points(measurement, fields, "-1y", "now()")
                           + "\n  |> last()" + self.WIDE)

    def age(self, measurement, field):
        # In milliseconds, as Grafana counts time.
        query = (self.points(measurement, [field], "-1y", "now()") + "\n  |> last()"
                 "\n  |> map(fn: (r) => ({_time: r._time, _value: int(v: r._time) / 1000000}))")
        return self.target(query), ""

    def mean(self, measurement, fields):
        return self.target(self.points(measurement, fields) + """
  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false, timeSrc: "_start")"""
                           + self.WIDE)

    def used(self, measurement, fields, every):
        # Begins a period earlier, for the last value before the first one that is seen.
        start = f"date.sub(d: {every}, from: v.timeRangeStart)"
        return self.target(f"""import "date"
import "timezone"

option location = timezone.location(name: "${{timezone}}")

{self.points(measurement, fields, start)}
  |> aggregateWindow(every: {every}, fn: last, createEmpty: false, timeSrc: "_start")
  |> difference(nonNegative: true)""" + self.WIDE)

    def rate(self, measurement, fields):
        return self.target(self.points(measurement, fields) + """
  |> derivative(unit: 1h, nonNegative: true)
  |> map(fn: (r) => ({r with _value: r._value * 1000.0}))
  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false, timeSrc: "_start")"""
                           + self.WIDE)

    @staticmethod
    def points(measurement, fields, start="v.timeRangeStart", stop="v.timeRangeStop"):
        wanted = " or ".join(f'r._field == "{field}"' for field in fields)
        return f"""from(bucket: "${{bucket}}")
  |> range(start: {start}, stop: {stop})
  |> filter(fn: (r) => r._measurement == "{measurement}" and r.meter == "${{meter}}")
  |> filter(fn: (r) => {wanted})"""

    def target(self, query):
        return {"refId": "A", "datasource": self.datasource, "query": query}
