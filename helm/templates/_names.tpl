{{/* Names and labels. Everything is derived from the chart's own name. */}}

{{- define "chart.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 47 characters leave room for the longest suffix of a derived object. */}}
{{- define "chart.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" -}}
{{- else if contains (include "chart.name" .) .Release.Name -}}
{{- .Release.Name | trunc 47 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "chart.name" .) | trunc 47 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Immutable on a Deployment: never mesh, version or user labels. */}}
{{- define "chart.selectorLabels" -}}
app.kubernetes.io/name: {{ include "chart.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/*
All pods that answer, whatever version: what policies, budgets and monitors
select. Flagger runs copies of them, and renames their app.kubernetes.io/name.
*/}}
{{- define "chart.podSelector" -}}
{{- if include "mesh.flagger" . -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: stable
{{- else -}}
{{ include "chart.selectorLabels" . }}
{{- end -}}
{{- end -}}

{{/* Labels of an object: the chart's own, then the user's that repeat none of them. Takes root and, further, own and user. */}}
{{- define "chart.allLabels" -}}
{{- $own := default "" .own | fromYaml -}}
{{- toYaml (merge (include "chart.ownLabels" .root | fromYaml) $own (default dict .user) .root.Values.commonLabels) -}}
{{- end -}}

{{/* Of an object with none but the chart's. */}}
{{- define "chart.labels" -}}
{{- include "chart.allLabels" (dict "root" .) -}}
{{- end -}}

{{/* The whole field, where there are any: the user's, those of every object, the chart's own. Takes root and, further, own and user. */}}
{{- define "chart.annotations" -}}
{{- with merge (dict) (default dict .user) .root.Values.commonAnnotations (default "" .own | fromYaml) -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "chart.ownLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "chart.selectorLabels" . }}
app.kubernetes.io/version: {{ include "chart.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* What runs: the image's tag, else the chart's appVersion. */}}
{{- define "chart.version" -}}
{{- default .Chart.AppVersion .Values.image.tag | replace "+" "_" | trunc 63 -}}
{{- end -}}

{{/* Takes root and, for the second version, tag. */}}
{{- define "chart.image" -}}
{{- with .root.Values.image -}}
{{- $registry := default .registry $.root.Values.global.imageRegistry -}}
{{- $base := ternary .repository (printf "%s/%s" $registry .repository) (empty $registry) -}}
{{- if $.tag -}}
{{ $base }}:{{ $.tag }}
{{- else if .digest -}}
{{ $base }}@{{ .digest }}
{{- else -}}
{{ $base }}:{{ default $.root.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chart.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "chart.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}
