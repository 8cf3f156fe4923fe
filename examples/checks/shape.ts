// The shape of a dashboard file, by Grafana's own types: the check writes the file's text behind
// this, as the value of `dashboard`, and the compiler says what Grafana would not understand.
import type { Dashboard, FieldConfigSource, Panel, RowPanel } from "@grafana/schema";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig,
  Options as TimeSeries,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

/** In a file, an enumeration's value is the text that it stands for. */
type Plain<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : { [Key in keyof T]: Plain<T[Key]> };

type Of<Type extends string, Options, Custom> = Omit<Panel, "type" | "options" | "fieldConfig"> & {
  type: Type;
  options: Partial<Options>;
  fieldConfig: FieldConfigSource<Partial<Custom>>;
};

type Ours = Omit<Dashboard, "panels"> & {
  panels: (
    | Of<"stat", Stat, Record<string, never>>
    | Of<"timeseries", TimeSeries, FieldConfig>
    | (Omit<RowPanel, "type"> & { type: "row" })
  )[];
};

export const dashboard: Plain<Ours> =
