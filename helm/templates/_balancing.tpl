{{/* Istio's loadBalancer: by policy, or by the hash of a header; nearest first where asked. */}}
{{- define "istio.loadBalancer" -}}
{{- $l := .Values.loadBalancing -}}
loadBalancer:
  {{- if $l.hashHeader }}
  consistentHash:
    httpHeaderName: {{ $l.hashHeader }}
  {{- else }}
  simple: {{ $l.policy }}
  {{- if ne $l.warmup "0s" }}
  warmup:
    duration: {{ $l.warmup }}
  {{- end }}
  {{- end }}
  {{- with .Values.locality }}
  {{- if .enabled }}
  localityLbSetting:
    enabled: true
    {{- with .failover }}
    failover:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- end }}
{{- end -}}
