#include "function_allowlist.h"

#include <string>
#include <unordered_set>

#include "bounded_functions.h"

namespace kalam::duck {
namespace {

using NameSet = std::unordered_set<std::string_view>;

// Left out on purpose, beside everything that reaches files, settings, other catalogs or the process
// (read_*, glob, query, getvariable, current_setting, nextval, write_log, json_execute_serialized_sql, ...):
// format, printf and bar, whose width arguments make strings of any size.
const NameSet& Functions() {
  static const NameSet names = {
      // operators
      "!__postfix", "!~~", "!~~*", "%", "&", "&&", "*", "**", "+", "-", "->", "->>", "/", "//", "<->",
      "<<", "<=>", "<@", ">>", "@", "@>", "^", "^@", "|", "||", "~", "~~", "~~*", "~~~", "add",
      "subtract", "multiply", "divide", "mod", "like_escape", "not_like_escape", "ilike_escape",
      "not_ilike_escape", "xor",
      // numbers
      "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "bit_count", "cbrt", "ceil",
      "ceiling", "cos", "cosh", "cot", "degrees", "even", "exp", "factorial", "fdiv", "floor", "fmod",
      "gamma", "gcd", "greatest", "greatest_common_divisor", "isfinite", "isinf", "isnan", "lcm", "least",
      "least_common_multiple", "lgamma", "ln", "log", "log10", "log2", "nextafter", "pi", "pow",
      "power", "radians", "random", "round", "round_even", "roundbankers", "sign", "signbit", "sin", "sinh",
      "sqrt", "tan", "tanh", "trunc",
      // text
      "ascii", "base64", "bin", "bit_length", "char_length", "character_length", "chr", "concat", "concat_ws",
      "contains", "damerau_levenshtein", "editdist3", "ends_with", "format_bytes", "formatreadablesize",
      "formatreadabledecimalsize", "from_base64", "from_binary", "from_hex", "hamming", "hash", "hex", "instr",
      "jaccard", "jaro_similarity", "jaro_winkler_similarity", "lcase", "left", "left_grapheme", "len",
      "length", "length_grapheme", "levenshtein", "lower", "ltrim", "md5", "md5_number", "mismatches",
      "nfc_normalize", "octet_length", "ord", "position", "prefix", "regexp_escape", "regexp_extract",
      "regexp_extract_all", "regexp_full_match", "regexp_matches", "regexp_replace", "regexp_split_to_array",
      "regexp_split_to_table", "reverse", "right", "right_grapheme", "rtrim", "sha1", "sha256", "split",
      "split_part", "starts_with", "str_split", "str_split_regex", "string_split", "string_split_regex",
      "string_to_array", "strip_accents", "strlen", "strpos", "substr", "substring", "substring_grapheme",
      "suffix", "to_base", "to_base64", "to_binary", "to_hex", "translate", "trim", "ucase", "unbin",
      "unhex", "unicode", "upper", "url_decode", "url_encode", "encode", "decode",
      // dates and times
      "age", "century", "date_add", "date_diff", "date_part", "date_sub", "date_trunc", "datediff", "datepart",
      "datesub", "datetrunc", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear", "decade", "epoch",
      "epoch_ms", "epoch_ns", "epoch_us", "era", "hour", "isodow", "isoyear", "julian", "last_day",
      "make_date", "make_time", "make_timestamp", "make_timestamp_ms", "make_timestamp_ns", "microsecond",
      "millennium", "millisecond", "minute", "month", "monthname", "nanosecond", "quarter", "second",
      "strftime", "strptime", "time_bucket", "timezone", "timezone_hour", "timezone_minute", "to_centuries",
      "to_days", "to_decades", "to_hours", "to_microseconds", "to_millennia", "to_milliseconds",
      "to_minutes", "to_months", "to_quarters", "to_seconds", "to_timestamp", "to_weeks", "to_years",
      "try_strptime", "week", "weekday", "weekofyear", "year", "yearweek",
      // choice and types
      "alias", "coalesce", "error", "ifnull", "nullif", "pg_typeof", "typeof", "constant_or_null",
      // ids
      "gen_random_uuid", "snowflake_id", "ulid", "uuid", "uuid_extract_timestamp", "uuid_extract_version",
      "uuid_v7", "uuidv4", "uuidv7",
      // JSON
      "array_to_json", "from_json", "from_json_strict", "json", "json_array", "json_array_length",
      "json_contains", "json_exists", "json_extract", "json_extract_path", "json_extract_path_text",
      "json_extract_string", "json_group_array", "json_group_object", "json_group_structure", "json_keys",
      "json_merge_patch", "json_object", "json_pretty", "json_quote", "json_structure", "json_transform",
      "json_transform_strict", "json_type", "json_valid", "json_value", "row_to_json", "to_json",
      // lists, structs, maps
      "apply", "array_aggr", "array_aggregate", "array_append", "array_apply", "array_cat", "array_concat",
      "array_contains", "array_cosine_distance", "array_cosine_similarity", "array_cross_product",
      "array_distance", "array_distinct", "array_dot_product", "array_extract", "array_filter", "array_grade_up",
      "array_has", "array_has_all", "array_has_any", "array_indexof", "array_inner_product", "array_intersect",
      "array_length", "array_negative_dot_product", "array_negative_inner_product", "array_pop_back",
      "array_pop_front", "array_position", "array_prepend", "array_push_back", "array_push_front",
      "array_reduce", "array_reverse", "array_reverse_sort", "array_select", "array_slice", "array_sort",
      "array_to_string", "array_transform", "array_unique", "array_value", "array_where", "array_zip",
      "cardinality", "element_at", "filter", "flatten", "generate_subscripts", "grade_up", "list_aggr",
      "list_aggregate", "list_any_value", "list_append", "list_apply", "list_avg", "list_bool_and", "list_bool_or",
      "list_cat", "list_concat", "list_contains", "list_cosine_distance", "list_cosine_similarity",
      "list_count", "list_distance", "list_distinct", "list_dot_product", "list_element", "list_extract",
      "list_filter", "list_first", "list_grade_up", "list_has", "list_has_all", "list_has_any", "list_histogram",
      "list_indexof", "list_inner_product", "list_intersect", "list_last", "list_max", "list_median", "list_min",
      "list_mode", "list_negative_dot_product", "list_negative_inner_product", "list_pack", "list_position",
      "list_prepend", "list_product", "list_reduce", "list_reverse", "list_reverse_sort", "list_select",
      "list_slice", "list_sort", "list_stddev_pop", "list_stddev_samp", "list_string_agg", "list_sum",
      "list_transform", "list_unique", "list_value", "list_var_pop", "list_var_samp", "list_where",
      "list_zip", "map", "map_concat", "map_contains", "map_contains_entry", "map_contains_value",
      "map_entries", "map_extract", "map_extract_value", "map_from_entries", "map_keys", "map_values",
      "reduce", "row", "struct_concat", "struct_contains", "struct_extract", "struct_extract_at",
      "struct_has", "struct_indexof", "struct_insert", "struct_pack", "struct_position", "struct_update",
      "unnest", "unpivot_list",
      // aggregates
      "any_value", "approx_count_distinct", "approx_quantile", "approx_top_k", "arbitrary", "arg_max",
      "arg_max_null", "arg_min", "arg_min_null", "argmax", "argmin", "array_agg", "avg", "bit_and",
      "bit_or", "bit_xor", "bool_and", "bool_or", "corr", "count", "count_if", "count_star", "countif",
      "covar_pop", "covar_samp", "entropy", "favg", "first", "fsum", "geomean", "geometric_mean",
      "group_concat", "histogram", "kahan_sum", "kurtosis", "kurtosis_pop", "last", "list", "listagg", "mad",
      "max", "max_by", "mean", "median", "min", "min_by", "mode", "product", "quantile", "quantile_cont",
      "quantile_disc", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope",
      "regr_sxx", "regr_sxy", "regr_syy", "reservoir_quantile", "sem", "skewness", "stddev", "stddev_pop",
      "stddev_samp", "string_agg", "sum", "sum_no_overflow", "sumkahan", "var_pop", "var_samp", "variance",
      "wavg", "weighted_avg", "grouping", "grouping_id",
      // windows
      "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile",
      "percent_rank", "rank", "rank_dense", "row_number", "fill"};
  return names;
}

const NameSet& TableFunctions() {
  static const NameSet names = {"generate_series", "json_each", "json_tree", "range", "unnest"};
  return names;
}

}  // namespace

bool IsAllowedFunction(std::string_view name) { return Functions().contains(name); }

bool NeedsConstantArguments(std::string_view name) {
  static const NameSet names = {"~", "!~", "~*", "!~*", "strptime", "try_strptime", "strftime", "date_trunc",
                                "datetrunc", "time_bucket", "approx_quantile", "string_split_regex", "str_split_regex"};
  return names.contains(name) || name.starts_with("regexp_") || name.starts_with("quantile");
}

bool MayGrow(std::string_view name) {
  static const NameSet names = {
      // text
      "array_to_string", "encode", "list_string_agg", "strftime",
      // JSON
      "array_to_json", "from_json", "from_json_strict", "json_array", "json_group_array", "json_group_object",
      "json_group_structure", "json_merge_patch", "json_object", "json_pretty", "json_transform",
      "json_transform_strict", "row_to_json",
      // lists, structs, maps
      "apply", "array_aggr", "array_aggregate", "array_append", "array_apply", "array_prepend", "array_push_back",
      "array_push_front", "array_reduce", "array_select", "array_transform", "array_value", "array_zip", "flatten",
      "list_aggr", "list_aggregate", "list_append", "list_apply", "list_histogram", "list_pack", "list_prepend",
      "list_reduce", "list_select", "list_transform", "list_value", "list_zip", "map", "map_concat",
      "map_from_entries", "reduce", "row", "struct_concat", "struct_insert", "struct_pack", "struct_update",
      // aggregates
      "array_agg", "group_concat", "histogram", "list", "listagg", "string_agg"};
  return names.contains(name);
}

bool IsAllowedTableFunction(std::string_view name) { return TableFunctions().contains(name); }

std::string_view BoundedReplacement(std::string_view name) {
  if (name == "repeat") return kBoundedRepeat;
  if (name == "lpad") return kBoundedLpad;
  if (name == "rpad") return kBoundedRpad;
  if (name == "replace") return kBoundedReplace;
  if (name == "range") return kBoundedRange;
  if (name == "generate_series") return kBoundedGenerateSeries;
  return {};
}

}  // namespace kalam::duck
