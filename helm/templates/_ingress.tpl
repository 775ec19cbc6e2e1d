{{/* Whose Gateway: Istio brings its own class, the others need one named. */}}
{{- define "ingress.class" -}}
{{- if include "mesh.istio" . -}}istio{{- end -}}
{{- end -}}

{{/* Every host name. */}}
{{- define "ingress.hosts" -}}
{{- $hosts := list -}}
{{- range .Values.ingress.hosts -}}{{- $hosts = append $hosts .host -}}{{- end -}}
{{- toYaml $hosts -}}
{{- end -}}

{{/* Secret of a host's certificate; takes root and host. */}}
{{- define "ingress.secret" -}}
{{- $found := "" -}}
{{- range .root.Values.ingress.tls -}}
{{- if and (not $found) (or (not .hosts) (has $.host .hosts)) -}}{{- $found = .secretName -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}
