{{/* Pods of hooks: placed and labelled as the service's, and not the service's own, so no Service and no policy selects them. */}}

{{/* A label as long as one may be. Takes root and suffix. */}}
{{- define "hook.name" -}}
{{- printf "%s-%s" (include "chart.name" .root | trunc 55 | trimSuffix "-") .suffix -}}
{{- end -}}

{{/* Takes root, suffix and inside. */}}
{{- define "hook.labels" -}}
{{- $own := dict "app.kubernetes.io/name" (include "hook.name" .) "app.kubernetes.io/instance" .root.Release.Name -}}
{{- $mesh := include (ternary "inject.labels" "inject.noneLabels" .inside) .root | fromYaml -}}
{{- toYaml (merge $own $mesh .root.Values.podLabels .root.Values.commonLabels) -}}
{{- end -}}

{{/* Takes root and inside. */}}
{{- define "hook.annotations" -}}
{{- $mesh := dict "linkerd.io/inject" "disabled" -}}
{{- if .inside -}}{{- $mesh = include "inject.annotations" .root | fromYaml -}}{{- end -}}
{{- toYaml (merge (dict) .root.Values.podAnnotations $mesh) -}}
{{- end -}}
