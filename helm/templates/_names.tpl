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
app.kubernetes.io/name: {{ include "chart.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
All pods that answer, whatever version: what policies, budgets and monitors
select. Flagger runs copies of them, and renames their app.kubernetes.io/name.
*/}}
{{- define "chart.podSelector" -}}
{{- if include "mesh.flagger" . -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: stable
{{- else -}}
{{ include "chart.selectorLabels" . }}
{{- end -}}
{{- end -}}

{{- define "chart.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "chart.selectorLabels" . }}
app.kubernetes.io/version: {{ include "chart.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What runs: the image's tag, else the chart's appVersion. */}}
{{- define "chart.version" -}}
{{- default .Chart.AppVersion .Values.image.tag | replace "+" "_" | trunc 63 -}}
{{- end -}}

{{/* Takes root and, for the second version, tag. */}}
{{- define "chart.image" -}}
{{- with .root.Values.image -}}
{{- $base := ternary .repository (printf "%s/%s" .registry .repository) (empty .registry) -}}
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
